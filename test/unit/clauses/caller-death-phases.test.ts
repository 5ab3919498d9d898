/**
 * The death of a caller in each phase of its exchange, with an open upload and without.
 */

import { Agent } from 'undici';
import { expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { codeOf, endOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const DIED = { error: { code: 'ERR_CALLER_DIED' } } as const;

/** A connect that goes through when it is told to. */
function slowConnect(port: number) {
  const asked = Promise.withResolvers<void>();
  const allowed = Promise.withResolvers<void>();
  const lookup = (
    _host: string,
    _options: object,
    done: (error: null, addresses: { address: string; family: 4 }[]) => void,
  ): void => {
    asked.resolve();
    void allowed.promise.then(() => done(null, [{ address: '127.0.0.1', family: 4 }]));
  };
  return {
    origin: `http://slow.test:${port}`,
    dispatcher: () => new Agent({ connect: { lookup } }),
    asked: asked.promise,
    allow: () => allowed.resolve(),
  };
}

test('C6 an exchange in the queue ends at once and unsent, with an upload and without', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, maxInFlight: 1 });
  const caller = new AbortController();
  const first = pool.get(`${peer.origin}/first`);
  const connection = await peer.connection();
  await connection.readHead();
  const plain = pool.get(peer.origin, { caller: caller.signal });
  const upload = pool.post(peer.origin, { caller: caller.signal, streamBody: true });
  const last = pool.get(`${peer.origin}/last`);
  expect(await pool.sendBody(upload, 'never sent')).toBe(true);
  expect(pool.stats()).toMatchObject({ queued: 3, openUploads: 1 });
  caller.abort();
  expect(pool.stats()).toMatchObject({ queued: 1, inFlight: 1, openUploads: 0 });
  expect(await failureOf(pool, plain)).toMatchObject({
    error: { code: 'ERR_CALLER_DIED', phase: 'queue', sent: false },
  });
  expect(await failureOf(pool, upload)).toMatchObject({
    error: { code: 'ERR_CALLER_DIED', phase: 'queue', sent: false },
    upload: { complete: false, bytesSent: 0, endedBy: 'caller_death' },
  });
  await connection.respond(200);
  await pool.await(first);
  pool.cancel(last);
  await pool.close();
  expect(connection.text()).not.toContain('never sent');
});

test('C6 the slot of an exchange that dies with its caller is not for the next of that caller', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, maxInFlight: 1 });
  const caller = new AbortController();
  const running = pool.get(peer.origin, { caller: caller.signal });
  const connection = await peer.connection();
  await connection.readHead();
  const upload = pool.post(peer.origin, { caller: caller.signal, streamBody: true });
  expect(await pool.sendBody(upload, 'never sent')).toBe(true);
  caller.abort();
  expect(gaugesOf(pool)).toEqual(IDLE);
  expect(await failureOf(pool, running)).toMatchObject(DIED);
  expect(await failureOf(pool, upload)).toMatchObject({
    error: { code: 'ERR_CALLER_DIED', phase: 'queue', sent: false },
    metrics: { attempts: 0 },
  });
});

test('C3 an exchange that connects ends in the same tick', async () => {
  await using peer = await scriptedPeer();
  const slow = slowConnect(peer.port);
  await using pool = createPool({ workers: 1, dispatcher: slow.dispatcher });
  const caller = new AbortController();
  const handle = pool.get(slow.origin, { caller: caller.signal });
  await slow.asked;
  caller.abort();
  expect(gaugesOf(pool)).toEqual(IDLE);
  expect(await failureOf(pool, handle)).toMatchObject({
    error: { code: 'ERR_CALLER_DIED', phase: 'connect', sent: false },
  });
  slow.allow();
});

test('C2 an upload that connects is sent as far as it was accepted', async () => {
  await using peer = await scriptedPeer();
  const slow = slowConnect(peer.port);
  await using pool = createPool({ workers: 1, dispatcher: slow.dispatcher });
  const caller = new AbortController();
  const handle = pool.post(slow.origin, { caller: caller.signal, streamBody: true });
  expect(await pool.sendBody(handle, 'accepted')).toBe(true);
  await slow.asked;
  caller.abort();
  expect(pool.stats()).toMatchObject({ inFlight: 1, openUploads: 1 });
  slow.allow();
  const connection = await peer.connection();
  expect(Buffer.from((await connection.readRequest()).body).toString()).toBe('accepted');
  await connection.respond(200);
  expect(await failureOf(pool, handle)).toMatchObject({
    ...DIED,
    upload: { complete: false, bytesSent: 8, endedBy: 'caller_death' },
  });
});

test('C2 an upload without a byte is ended empty', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, { caller: caller.signal, streamBody: true });
  caller.abort();
  const connection = await peer.connection();
  expect((await connection.readRequest()).body.byteLength).toBe(0);
  await connection.respond(200);
  expect(await failureOf(pool, handle)).toMatchObject({
    ...DIED,
    upload: { complete: false, bytesSent: 0, endedBy: 'caller_death' },
  });
});

test('C3 an exchange whose upload was finished ends while it waits for headers', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, { caller: caller.signal, streamBody: true });
  await pool.sendBody(handle, 'whole');
  const finished = pool.finishBody(handle);
  const connection = await peer.connection();
  expect((await connection.readRequest()).body.byteLength).toBe(5);
  expect(await finished).toBe(true);
  caller.abort();
  expect(await failureOf(pool, handle)).toMatchObject({
    ...DIED,
    upload: { complete: true, bytesSent: 5, endedBy: 'caller' },
  });
  await connection.closed;
});

test('C3 a response that is being received, or paused for credit, is given up', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  for (const window of [Number.POSITIVE_INFINITY, 1]) {
    const caller = new AbortController();
    const options = { caller: caller.signal, stream: true, window };
    const handle = pool.get(peer.origin, options);
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(200, { 'content-length': '9' });
    await connection.write('some');
    expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
    caller.abort();
    expect(await failureOf(pool, handle)).toMatchObject(DIED);
    await connection.closed;
    expect(gaugesOf(pool)).toEqual(IDLE);
  }
});

test('C3 an exchange whose receiver is alive goes on to its end', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const log = new MessageLog();
  const options = { caller: caller.signal, stream: true, replyTo: log.receive };
  pool.get(peer.origin, options);
  const connection = await peer.connection();
  await connection.readHead();
  caller.abort();
  await connection.respond(200, {}, 'to the end');
  expect(await log.ended).toMatchObject({ type: 'done' });
  expect(log.types).toEqual(['status', 'data', 'done']);
});

test('C3 the death of a caller after the end changes nothing', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.get(peer.origin, { caller: caller.signal });
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200, {}, 'done');
  expect((await pool.await(handle)).text()).toBe('done');
  caller.abort();
  expect((await pool.await(handle)).text()).toBe('done');
  expect((await endOf(pool, handle)).type).toBe('done');
  await pool.close();
  expect(pool.stats().totals).toEqual({ done: 1, error: {} });
  expect(await codeOf(pool.await(handle))).toBeUndefined();
});
