/** Clause E for the codes that are the pool's own: its limits and its life. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, PoolOptions, RequestError } from '../../../src/index.ts';
import { ERROR_CODES } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

let peer: ScriptedPeer;
let clock: ManualClock;
let pool: RequestPool;

beforeEach(async () => {
  peer = await scriptedPeer();
  clock = new ManualClock();
});

afterEach(async () => {
  await pool.destroy();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  expect(clock.pending).toBe(0);
  await peer.close();
});

function start(options: PoolOptions = {}): void {
  pool = new RequestPool({ workers: 1, ...options }, { clock });
}

async function errorOf(handle: AsyncHandle): Promise<RequestError> {
  const error: RequestError = await pool.await(handle).then(
    () => Promise.reject(new Error('the exchange was done')),
    (reason) => reason,
  );
  expect(error).toMatchObject({
    name: 'RequestError',
    ref: handle.ref,
    origin: expect.any(String),
  });
  expect(Object.keys(ERROR_CODES)).toContain(error.code);
  return error;
}

/** The pool's own error: nobody else's is behind it. */
function expectOwn(error: RequestError, told: Partial<RequestError>): void {
  expect(error).toMatchObject(told);
  expect(error.cause).toBeUndefined();
}

test('E a full queue is ERR_OVERLOAD', async () => {
  start({ maxInFlight: 1, queueLimit: 0 });
  const running = pool.get(peer.origin);
  const error = await errorOf(pool.post(peer.origin));
  pool.cancel(running);
  expectOwn(error, {
    code: 'ERR_OVERLOAD',
    phase: 'queue',
    sent: false,
    retryable: true,
    method: 'POST',
  });
});

test('E a cancel is ERR_CANCELLED, its reason the cause', async () => {
  start();
  const reason = new Error('changed my mind');
  const sent = pool.get(peer.origin);
  const unsent = pool.post(peer.origin, { streamBody: true });
  await (await peer.connection()).readHead();
  for (const handle of [sent, unsent]) pool.cancel(handle, reason);
  const error = await errorOf(sent);
  expect(error).toMatchObject({ code: 'ERR_CANCELLED', phase: 'headers', sent: true });
  expect(error).toMatchObject({ retryable: false });
  expect(error.cause).toBe(reason);
  expect(await errorOf(unsent)).toMatchObject({ code: 'ERR_CANCELLED', sent: false });
});

test('E a caller that was dead before is ERR_CALLER_DIED', async () => {
  start();
  const handle = pool.get(peer.origin, { caller: AbortSignal.abort() });
  expectOwn(await errorOf(handle), {
    code: 'ERR_CALLER_DIED',
    phase: 'queue',
    sent: false,
    retryable: false,
  });
});

test('E a worker that dies is ERR_WORKER_DIED, what killed it the cause', async () => {
  start();
  const get = pool.get(peer.origin);
  const post = pool.post(peer.origin);
  for (let count = 0; count < 2; count += 1) await (await peer.connection()).readHead();
  pool.killWorker(1);
  const error = await errorOf(get);
  expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', phase: 'headers', sent: true });
  expect(error).toMatchObject({ retryable: true, cause: expect.any(Error) });
  expect(await errorOf(post)).toMatchObject({ code: 'ERR_WORKER_DIED', retryable: false });
});

test('E a pool whose workers die too often is ERR_POOL_FAILED', async () => {
  start({ maxRestarts: 0, maxInFlight: 1 });
  const running = pool.get(peer.origin);
  const waiting = pool.get(peer.origin);
  await (await peer.connection()).readHead();
  pool.killWorker(1);
  expect(await errorOf(running)).toMatchObject({ code: 'ERR_WORKER_DIED', phase: 'headers' });
  const error = await errorOf(waiting);
  expect(error).toMatchObject({ code: 'ERR_POOL_FAILED', phase: 'queue', sent: false });
  expect(error).toMatchObject({ retryable: false, cause: expect.any(Error) });
  expect(() => pool.get(peer.origin)).toThrow(expect.objectContaining({ code: 'ERR_POOL_FAILED' }));
});

test('E the end of a pool is ERR_POOL_DESTROYED, its reason the cause', async () => {
  start({ maxInFlight: 1 });
  const running = pool.get(peer.origin);
  const waiting = pool.get(peer.origin);
  await (await peer.connection()).readHead();
  const reason = new Error('going down');
  await pool.destroy(reason);
  const error = await errorOf(running);
  expect(error).toMatchObject({ code: 'ERR_POOL_DESTROYED', phase: 'headers', sent: true });
  expect(error).toMatchObject({ retryable: false, cause: reason });
  expect(await errorOf(waiting)).toMatchObject({ code: 'ERR_POOL_DESTROYED', phase: 'queue' });
});

test.each([
  ['too many bytes', 'abcd'],
  ['too few bytes', 'ab'],
])('E a body of %s is ERR_BODY_LENGTH', async (_name, chunk) => {
  start();
  const handle = pool.post(peer.origin, { streamBody: true, headers: { 'content-length': 3 } });
  await pool.sendBody(handle, chunk);
  await pool.finishBody(handle);
  expectOwn(await errorOf(handle), { code: 'ERR_BODY_LENGTH', phase: 'upload', retryable: false });
});

test('E a response beyond maxResponseBytes is ERR_TOO_LARGE', async () => {
  start({ maxResponseBytes: 3 });
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200, {}, 'abcd');
  expectOwn(await errorOf(handle), {
    code: 'ERR_TOO_LARGE',
    phase: 'body',
    sent: true,
    retryable: false,
  });
  await connection.closed;
});
