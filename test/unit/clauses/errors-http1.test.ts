/**
 * Clause E over real HTTP/1.1 sockets: each way in which a peer can break an exchange, its code, its
 * phase, whether the request had reached the wire, whether it may be sent again, and whose error the
 * cause is.
 */

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, Pool, RequestError } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { HTTP1_FAILURES, type Http1Failure } from '../../helpers/http1-failures.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

let peer: ScriptedPeer;
/** One for all: whatever a peer did to it, it goes on. */
let pool: Pool;

beforeAll(() => {
  pool = createPool({ workers: 1 });
});

beforeEach(async () => {
  peer = await scriptedPeer();
});

afterEach(async () => {
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  await peer.close();
});

afterAll(() => pool.close());

/** Lets the peer read the request and break the exchange. */
async function breakOff(handle: AsyncHandle, failure: Http1Failure): Promise<void> {
  const connection = await peer.connection();
  await connection.readRequest();
  if (failure.begin !== undefined) {
    await connection.write(failure.begin);
    expect(await pool.receive(handle)).toMatchObject({ type: 'status', status: 200 });
  }
  await failure.script(connection);
  const { error } = await endOf(handle);
  expect(error?.code).toBe(failure.code);
  await connection.closed;
}

async function endOf(handle: AsyncHandle): Promise<{ readonly error: RequestError | undefined }> {
  for (;;) {
    const message = await pool.receive(handle);
    if (message === undefined) throw new Error('the exchange had no end');
    if (message.type === 'done') return { error: undefined };
    if (message.type === 'error') return message;
  }
}

/** Its code, or its name where it has none. */
function nameOf(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  return ('code' in cause ? cause.code : undefined) ?? cause.name;
}

test.each(HTTP1_FAILURES)('E a peer that $how ends a GET in $code', async (failure) => {
  const before = pool.stats().totals;
  const handle = pool.get(`${peer.origin}/a?b=c`, { stream: true });
  await breakOff(handle, failure);
  const failed: RequestError = await pool.await(handle).then(
    () => Promise.reject(new Error('the exchange was done')),
    (reason) => reason,
  );
  expect(failed).toMatchObject({
    name: 'RequestError',
    code: failure.code,
    phase: failure.phase,
    ref: handle.ref,
    method: 'GET',
    origin: peer.origin,
    sent: true,
    retryable: true,
  });
  expect(failed.cause).toBeInstanceOf(Error);
  expect(nameOf(failed.cause)).toMatch(failure.cause);
  const { code } = failure;
  const error = { ...before.error, [code]: (before.error[code] ?? 0) + 1 };
  expect(pool.stats().totals).toEqual({ done: before.done, error });
});

test.each(HTTP1_FAILURES)(
  'E a peer that $how leaves a POST that may not be sent again',
  async (failure) => {
    const handle = pool.post(peer.origin, { body: 'abc', stream: true });
    await breakOff(handle, failure);
    await expect(pool.await(handle)).rejects.toMatchObject({
      code: failure.code,
      phase: failure.phase,
      method: 'POST',
      sent: true,
      retryable: false,
    });
  },
);

test.each(HTTP1_FAILURES)('E a peer that $how harms no other exchange', async (failure) => {
  const other = pool.get(peer.origin);
  const otherConnection = await peer.connection();
  await otherConnection.readHead();
  await breakOff(pool.get(peer.origin, { stream: true }), failure);
  await otherConnection.respond(200, {}, 'unharmed');
  expect((await pool.await(other)).text()).toBe('unharmed');
});

test('E a close that delimits the body is its end, not a truncation', async () => {
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  await connection.writeHead(200, { connection: 'close' });
  await connection.write('abc');
  connection.end();
  expect((await pool.await(handle)).text()).toBe('abc');
});
