/** Clause E for the codes that are the pool's own: its limits and its life. */

import { expect, test } from 'vitest';
import { errorStage } from '../../helpers/error-stage.ts';

test('E a full queue is ERR_OVERLOAD', async () => {
  await using stage = await errorStage({ maxInFlight: 1, queueLimit: 0 });
  const { peer, pool } = stage;
  const running = pool.get(peer.origin);
  const error = await stage.ownErrorOf(pool.post(peer.origin));
  pool.cancel(running);
  expect(error).toMatchObject({
    code: 'ERR_OVERLOAD',
    phase: 'queue',
    sent: false,
    retryable: true,
    method: 'POST',
  });
});

test('E a cancel is ERR_CANCELLED, its reason the cause', async () => {
  await using stage = await errorStage();
  const { peer, pool } = stage;
  const reason = new Error('changed my mind');
  const sent = pool.get(peer.origin);
  const unsent = pool.post(peer.origin, { streamBody: true });
  await (await peer.connection()).readHead();
  for (const handle of [sent, unsent]) pool.cancel(handle, reason);
  const error = await stage.errorOf(sent);
  expect(error).toMatchObject({ code: 'ERR_CANCELLED', phase: 'headers', sent: true });
  expect(error).toMatchObject({ retryable: false });
  expect(error.cause).toBe(reason);
  expect(await stage.errorOf(unsent)).toMatchObject({ code: 'ERR_CANCELLED', sent: false });
});

test('E a caller that was dead before is ERR_CALLER_DIED', async () => {
  await using stage = await errorStage();
  const { peer, pool } = stage;
  const handle = pool.get(peer.origin, { caller: AbortSignal.abort() });
  expect(await stage.ownErrorOf(handle)).toMatchObject({
    code: 'ERR_CALLER_DIED',
    phase: 'queue',
    sent: false,
    retryable: false,
  });
});

test('E a worker that dies is ERR_WORKER_DIED, what killed it the cause', async () => {
  await using stage = await errorStage();
  const { peer, pool } = stage;
  const get = pool.get(peer.origin);
  const post = pool.post(peer.origin);
  for (let count = 0; count < 2; count += 1) await (await peer.connection()).readHead();
  pool.killWorker(1);
  const error = await stage.errorOf(get);
  expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', phase: 'headers', sent: true });
  expect(error).toMatchObject({ retryable: true, cause: expect.any(Error) });
  expect(await stage.errorOf(post)).toMatchObject({ code: 'ERR_WORKER_DIED', retryable: false });
});

test('E a pool whose workers die too often is ERR_POOL_FAILED', async () => {
  await using stage = await errorStage({ maxRestarts: 0, maxInFlight: 1 });
  const { peer, pool } = stage;
  const running = pool.get(peer.origin);
  const waiting = pool.get(peer.origin);
  await (await peer.connection()).readHead();
  pool.killWorker(1);
  expect(await stage.errorOf(running)).toMatchObject({ code: 'ERR_WORKER_DIED', phase: 'headers' });
  const error = await stage.errorOf(waiting);
  expect(error).toMatchObject({ code: 'ERR_POOL_FAILED', phase: 'queue', sent: false });
  expect(error).toMatchObject({ retryable: false, cause: expect.any(Error) });
  expect(() => pool.get(peer.origin)).toThrow(expect.objectContaining({ code: 'ERR_POOL_FAILED' }));
});

test('E the end of a pool is ERR_POOL_DESTROYED, its reason the cause', async () => {
  await using stage = await errorStage({ maxInFlight: 1 });
  const { peer, pool } = stage;
  const running = pool.get(peer.origin);
  const waiting = pool.get(peer.origin);
  await (await peer.connection()).readHead();
  const reason = new Error('going down');
  await pool.destroy(reason);
  const error = await stage.errorOf(running);
  expect(error).toMatchObject({ code: 'ERR_POOL_DESTROYED', phase: 'headers', sent: true });
  expect(error).toMatchObject({ retryable: false, cause: reason });
  expect(await stage.errorOf(waiting)).toMatchObject({
    code: 'ERR_POOL_DESTROYED',
    phase: 'queue',
  });
});

test.each([
  ['too many bytes', 'abcd'],
  ['too few bytes', 'ab'],
])('E a body of %s is ERR_BODY_LENGTH', async (_name, chunk) => {
  await using stage = await errorStage();
  const { peer, pool } = stage;
  const handle = pool.post(peer.origin, { streamBody: true, headers: { 'content-length': 3 } });
  await pool.sendBody(handle, chunk);
  await pool.finishBody(handle);
  expect(await stage.ownErrorOf(handle)).toMatchObject({
    code: 'ERR_BODY_LENGTH',
    phase: 'upload',
    retryable: false,
  });
});

test('E a response beyond maxResponseBytes is ERR_TOO_LARGE', async () => {
  await using stage = await errorStage({ maxResponseBytes: 3 });
  const { peer, pool } = stage;
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200, { 'content-length': '5' }, 'abcd');
  expect(await stage.ownErrorOf(handle)).toMatchObject({
    code: 'ERR_TOO_LARGE',
    phase: 'body',
    sent: true,
    retryable: false,
  });
  await connection.closed;
});
