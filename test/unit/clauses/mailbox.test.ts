/** Clauses M1, M4, M5 and M6: reading a handle's mailbox by `receive` and by `messages`. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, Pool } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { patternBytes } from '../../helpers/echo-server.ts';
import { heard } from '../../helpers/heard.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { bodyOf, readAll, textOf } from '../../helpers/message-log.ts';
import {
  type ScriptedConnection,
  type ScriptedPeer,
  scriptedPeer,
} from '../../helpers/scripted-peer.ts';

let peer: ScriptedPeer;
let clock: ManualClock;
let pool: Pool;

beforeEach(async () => {
  peer = await scriptedPeer();
  clock = new ManualClock();
  pool = new RequestPool({ workers: 1 }, { clock });
});

afterEach(async () => {
  await pool.destroy();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  expect(clock.pending).toBe(0);
  await peer.close();
});

async function streamed(): Promise<{ handle: AsyncHandle; connection: ScriptedConnection }> {
  const handle = pool.get(peer.origin, { stream: true });
  const connection = await peer.connection();
  await connection.readHead();
  await heard();
  return { handle, connection };
}

test('M1 polls with a timeout of 0, whether there is a message or not', async () => {
  const { handle, connection } = await streamed();
  expect(await pool.receive(handle, { timeout: 0 })).toBeUndefined();
  void connection.respond(200, {}, 'abc');
  expect((await pool.receive(handle))?.type).toBe('status');
  expect((await pool.receive(handle))?.type).toBe('data');
  expect((await pool.receive(handle))?.type).toBe('done');
  expect(await pool.receive(handle, { timeout: 0 })).toBeUndefined();
});

test('M1 waits at most the timeout, then resolves undefined and leaves the exchange alone', async () => {
  const { handle, connection } = await streamed();
  const received = pool.receive(handle, { timeout: 100 });
  let resolved = false;
  void received.then(() => {
    resolved = true;
  });
  clock.advance(99);
  await Promise.resolve();
  expect(resolved).toBe(false);
  clock.advance(20);
  expect(await received).toBeUndefined();
  const next = pool.receive(handle, { timeout: 100 });
  void connection.respond(200, {}, 'abc');
  expect((await next)?.type).toBe('status');
  const rest = await readAll(pool.messages(handle));
  expect(rest.map(({ type }) => type)).toEqual(['data', 'done']);
});

test('M1 waits for as long as it takes without a timeout', async () => {
  const { handle, connection } = await streamed();
  const received = pool.receive(handle);
  clock.advance(29_000);
  void connection.writeHead(200, { 'content-length': '0' });
  expect((await received)?.type).toBe('status');
});

test('M1 gives each message to one of several who receive, in call order', async () => {
  const { handle, connection } = await streamed();
  const order: string[] = [];
  const received = [1, 2, 3, 4].map(async (reader) => {
    const message = await pool.receive(handle);
    order.push(`${reader} ${message?.type}`);
  });
  void connection.respond(200, {}, 'abc');
  await Promise.all(received);
  expect(order).toEqual(['1 status', '2 data', '3 done', '4 undefined']);
});

test('M3 puts one terminal message into the mailbox of an exchange without stream', async () => {
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, {}, 'abc');
  const messages = await readAll(pool.messages(handle));
  expect(messages.map(({ type }) => type)).toEqual(['done']);
  const response = await pool.await(handle);
  expect(messages[0]).toMatchObject({ response });
  expect(response.text()).toBe('abc');
});

test('M5 is finished for ever after the end', async () => {
  const { handle, connection } = await streamed();
  void connection.respond(200, {}, 'abc');
  const loop = pool.messages(handle);
  expect((await readAll(loop)).at(-1)?.type).toBe('done');
  for (let again = 0; again < 3; again += 1) {
    expect(await loop.next()).toEqual({ done: true, value: undefined });
    expect(await pool.messages(handle).next()).toEqual({ done: true, value: undefined });
    expect(await pool.receive(handle)).toBeUndefined();
    expect(await pool.receive(handle, { timeout: 50 })).toBeUndefined();
  }
});

const WAYS_OUT: Readonly<Record<string, (loop: AsyncIterable<unknown>) => Promise<void>>> = {
  break: async (loop) => {
    for await (const _message of loop) break;
  },
  return: async (loop) => {
    const leave = async (): Promise<void> => {
      for await (const _message of loop) return;
    };
    await leave();
  },
  throw: async (loop) => {
    const leave = async (): Promise<void> => {
      for await (const _message of loop) throw new Error('no more');
    };
    await expect(leave()).rejects.toThrow('no more');
  },
  'throw into the iterator': async (loop) => {
    const iterator = loop[Symbol.asyncIterator]();
    await iterator.next();
    await expect(iterator.throw?.(new Error('no more'))).rejects.toThrow('no more');
  },
};

for (const [way, leave] of Object.entries(WAYS_OUT)) {
  test(`M4 cancels the exchange when its loop is left by ${way}`, async () => {
    const { handle, connection } = await streamed();
    void connection.respond(200, { 'content-length': '1000' }, 'abc');
    const loop = pool.messages(handle);
    await leave(loop);
    await connection.closed;
    await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
    expect(await loop.next()).toEqual({ done: true, value: undefined });
    expect((await pool.receive(handle))?.type).toBe('error');
    expect(await pool.receive(handle)).toBeUndefined();
  });
}

test('M4 leaves the result of an exchange alone when its loop is left at the end', async () => {
  const { handle, connection } = await streamed();
  void connection.respond(200, {}, 'abc');
  for await (const message of pool.messages(handle)) if (message.type === 'done') break;
  expect((await pool.await(handle)).status).toBe(200);
});

test('M6 never overwrites a chunk by a later one', async () => {
  const { handle, connection } = await streamed();
  const body = patternBytes(1_000_000);
  void connection.respond(200, {}, body);
  const kept: { readonly chunk: Uint8Array; readonly copy: Uint8Array }[] = [];
  for await (const message of pool.messages(handle)) {
    if (message.type !== 'data') continue;
    expect(message.chunk).toBeInstanceOf(Uint8Array);
    expect(message.chunk.byteLength).toBeGreaterThan(0);
    kept.push({ chunk: message.chunk, copy: Uint8Array.from(message.chunk) });
  }
  expect(kept.every(({ chunk, copy }) => Buffer.compare(chunk, copy) === 0)).toBe(true);
  expect(Buffer.compare(Buffer.concat(kept.map(({ chunk }) => chunk)), body)).toBe(0);
});

test('M1 keeps what came before the peer broke off, and gives the error after it', async () => {
  const { handle, connection } = await streamed();
  void connection.respond(200, { 'content-length': '10' }, 'abc');
  expect((await pool.receive(handle))?.type).toBe('status');
  const first = await pool.receive(handle);
  await connection.write('def');
  connection.end();
  await connection.closed;
  await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
  const rest = await readAll(pool.messages(handle));
  expect(textOf(bodyOf([...(first ? [first] : []), ...rest]))).toBe('abcdef');
  expect(rest.at(-1)?.type).toBe('error');
});
