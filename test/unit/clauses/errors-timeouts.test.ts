/** Clause E for the codes of the clock: what the pool says when a time is over. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, PoolOptions, RequestError } from '../../../src/index.ts';
import { ERROR_CODES } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

/** How late a deadline may be (T2). */
const LATE_MS = 50;

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

test('E waiting too long for admission is ERR_ADMISSION_TIMEOUT', async () => {
  start({ maxInFlight: 1, queueTimeout: 100 });
  const running = pool.get(peer.origin);
  const waiting = pool.post(peer.origin);
  clock.advance(100 + LATE_MS);
  expectOwn(await errorOf(waiting), {
    code: 'ERR_ADMISSION_TIMEOUT',
    phase: 'queue',
    sent: false,
    retryable: true,
  });
  pool.cancel(running);
});

test('E a handshake that takes too long is ERR_CONNECT_TIMEOUT', async () => {
  start({ connectTimeout: 100 });
  const handle = pool.post(`https://127.0.0.1:${peer.port}/`);
  const connection = await peer.connection();
  clock.advance(100 + LATE_MS);
  expectOwn(await errorOf(handle), {
    code: 'ERR_CONNECT_TIMEOUT',
    phase: 'connect',
    sent: false,
    retryable: true,
  });
  await connection.closed;
});

test.each([
  ['get', true],
  ['put', true],
  ['delete', true],
  ['post', false],
  ['patch', false],
] as const)(
  'E headers that take too long are ERR_HEADERS_TIMEOUT (%s)',
  async (verb, retryable) => {
    start({ headersTimeout: 100 });
    const handle = pool[verb](peer.origin);
    const connection = await peer.connection();
    await connection.readHead();
    clock.advance(100 + LATE_MS);
    expectOwn(await errorOf(handle), {
      code: 'ERR_HEADERS_TIMEOUT',
      phase: 'headers',
      sent: true,
      retryable,
    });
    await connection.closed;
  },
);

test('E a peer that falls silent in the body is ERR_IDLE_TIMEOUT', async () => {
  start({ idleTimeout: 100, stream: true });
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  await connection.writeHead(200, { 'content-length': '3' });
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  clock.advance(100 + LATE_MS);
  expectOwn(await errorOf(handle), {
    code: 'ERR_IDLE_TIMEOUT',
    phase: 'body',
    sent: true,
    retryable: true,
  });
  await connection.closed;
});

test('E an exchange that takes too long is ERR_TIMEOUT', async () => {
  start({ timeout: 100 });
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  clock.advance(100 + LATE_MS);
  expectOwn(await errorOf(handle), {
    code: 'ERR_TIMEOUT',
    phase: 'headers',
    sent: true,
    retryable: true,
  });
});

test('E waiting too long for the end is ERR_AWAIT_TIMEOUT, and not the end', async () => {
  start();
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  const waiting = pool.await(handle, { timeout: 100 });
  clock.advance(100 + LATE_MS);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT', ref: handle.ref });
  await connection.respond(200);
  expect((await pool.await(handle)).status).toBe(200);
  expect(pool.stats().totals).toEqual({ done: 1, error: {} });
});
