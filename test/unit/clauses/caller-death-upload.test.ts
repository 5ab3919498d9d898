/**
 * The death of a caller with its upload open, over HTTP/1.1: finished whole or seen to be aborted.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createPool, type Message } from '../../../src/index.ts';
import { failureOf, gaugesOf, IDLE, messagesOf } from '../../helpers/ends.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const DIED = {
  error: { code: 'ERR_CALLER_DIED' },
  upload: { complete: false, endedBy: 'caller_death' },
} as const;

test('C2 sends what was accepted, drops what was only offered, and ends the body', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, { streamBody: true, caller: caller.signal });
  const chunks = Array.from({ length: 256 }, (_, index) => new Uint8Array(65_536).fill(index));
  const first = await pool.sendBody(handle, chunks[0] ?? '');
  const connection = await peer.connection();
  connection.pause();
  const sends = chunks.slice(1).map((chunk) => pool.sendBody(handle, chunk));
  caller.abort();
  connection.resume();
  const { body } = await connection.readRequest();
  await connection.respond(200);
  const taken = [first, ...(await Promise.all(sends))].filter(Boolean).length;
  expect(body.byteLength).toBe(taken * 65_536);
  expect(taken).toBeLessThan(256);
  expect(body.every((byte, at) => byte === at >> 16)).toBe(true);
  const end = await failureOf(pool, handle);
  expect(end).toMatchObject({ ...DIED, upload: { ...DIED.upload, bytesSent: body.byteLength } });
  expect(gaugesOf(pool)).toEqual(IDLE);
  expect(peer.openConnections).toBe(1);
});

test('C2 reads the source of a body no further, ends the body, and tells the source', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const returned = Promise.withResolvers<void>();
  const never = Promise.withResolvers<string>();
  const source = {
    chunks: ['first', ' second'],
    async next() {
      const value = this.chunks.shift();
      return value === undefined
        ? { done: false, value: await never.promise }
        : { done: false, value };
    },
    async return() {
      returned.resolve();
      return { done: true as const, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  const handle = pool.post(peer.origin, { body: source, caller: caller.signal });
  const connection = await peer.connection();
  await connection.readHead();
  let sent = '';
  while (sent.length < 12) sent += String(Buffer.from((await connection.nextChunk()) ?? '(end)'));
  expect(sent).toBe('first second');
  caller.abort();
  await returned.promise;
  expect(await connection.nextChunk()).toBeUndefined();
  await connection.respond(200);
  expect(await failureOf(pool, handle)).toMatchObject(DIED);
  never.resolve('too late');
});

test('C2 reads the response to its end, drops it, and uses the connection again', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, {
    streamBody: true,
    stream: true,
    window: 1,
    caller: caller.signal,
  });
  await pool.sendBody(handle, 'x');
  const connection = await peer.connection();
  await connection.readHead();
  await connection.writeHead(200, { 'content-length': '4194304' });
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  const written = connection.write(new Uint8Array(4_194_304));
  expect(await pool.receive(handle)).toMatchObject({ type: 'data' });
  caller.abort();
  expect(await connection.readText(11)).toBe('1\r\nx\r\n0\r\n\r\n');
  expect(await written).toBe(true);
  const rest = await messagesOf(pool, handle);
  expect(rest).toMatchObject([{ type: 'error', ...DIED, metrics: { bytesReceived: 4_194_304 } }]);
  await turn();
  const next = pool.await(pool.get(`${peer.origin}/next`));
  expect((await connection.readHead()).target).toBe('/next');
  await connection.respond(200, {}, 'kept');
  expect((await next).text()).toBe('kept');
});

test('C6 tells a living receiver of its own once, after the drain, and nothing before', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const messages: Message[] = [];
  const ended = Promise.withResolvers<void>();
  const handle = pool.post(peer.origin, {
    streamBody: true,
    stream: true,
    caller: caller.signal,
    replyTo: (message) => {
      messages.push(message);
      if (message.type === 'error') ended.resolve();
    },
  });
  await pool.sendBody(handle, 'x');
  const connection = await peer.connection();
  await connection.readHead();
  caller.abort();
  expect(await connection.readText(11)).toBe('1\r\nx\r\n0\r\n\r\n');
  await connection.writeHead(200, { 'content-length': '4' });
  await connection.write('dr');
  expect(messages).toEqual([]);
  await expect.poll(() => pool.stats()).toMatchObject({ inFlight: 1, openUploads: 0 });
  await connection.write('op');
  await ended.promise;
  await pool.close();
  expect(messages).toMatchObject([{ type: 'error', ref: handle.ref, ...DIED }]);
});

test("C2 with onCallerDeath 'cancel' the server sees the request aborted", async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, onCallerDeath: 'cancel' });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, { streamBody: true, caller: caller.signal });
  await pool.sendBody(handle, 'cut');
  const connection = await peer.connection();
  await connection.readHead();
  expect(await connection.readText(6)).toBe('3\r\ncut');
  caller.abort();
  expect(await failureOf(pool, handle)).toMatchObject(DIED);
  await connection.closed;
  expect(connection.unread).toBe(0);
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('C2 a declared length that is not reached is cancelled, one that is reached is finished', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const options = {
    streamBody: true,
    caller: caller.signal,
    headers: { 'content-length': '8' },
  };
  const [short, whole] = [pool.post(peer.origin, options), pool.post(peer.origin, options)];
  await pool.sendBody(short, 'short..');
  const first = await peer.connection();
  await first.readHead();
  expect(await first.readText(7)).toBe('short..');
  await pool.sendBody(whole, 'accepted');
  const second = await peer.connection();
  await second.readHead();
  expect(await second.readText(7)).toBe('accepte');
  caller.abort();
  expect(await failureOf(pool, short)).toMatchObject(DIED);
  await first.closed;
  expect(first.unread).toBe(0);
  expect(await second.readText(1)).toBe('d');
  await second.respond(200);
  expect(await failureOf(pool, whole)).toMatchObject({ ...DIED, upload: { bytesSent: 8 } });
  expect(peer.openConnections).toBe(1);
});
