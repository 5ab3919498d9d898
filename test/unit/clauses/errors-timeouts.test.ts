/** Clause E for the codes of the clock: what the pool says when a time is over. */

import { expect, test } from 'vitest';
import { errorStage } from '../../helpers/error-stage.ts';
import { heard } from '../../helpers/heard.ts';

/** How late a deadline may be (T2). */
const LATE_MS = 50;

test('E waiting too long for admission is ERR_ADMISSION_TIMEOUT', async () => {
  await using stage = await errorStage({ maxInFlight: 1, queueTimeout: 100 });
  const { peer, pool, clock } = stage;
  const running = pool.get(peer.origin);
  const waiting = pool.post(peer.origin);
  clock.advance(100 + LATE_MS);
  expect(await stage.ownErrorOf(waiting)).toMatchObject({
    code: 'ERR_ADMISSION_TIMEOUT',
    phase: 'queue',
    sent: false,
    retryable: true,
  });
  pool.cancel(running);
});

test('E a handshake that takes too long is ERR_CONNECT_TIMEOUT', async () => {
  await using stage = await errorStage({ connectTimeout: 100 });
  const { peer, pool, clock } = stage;
  const handle = pool.post(`https://127.0.0.1:${peer.port}/`);
  const connection = await peer.connection();
  clock.advance(100 + LATE_MS);
  expect(await stage.ownErrorOf(handle)).toMatchObject({
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
    await using stage = await errorStage({ headersTimeout: 100 });
    const { peer, pool, clock } = stage;
    const handle = pool[verb](peer.origin);
    const connection = await peer.connection();
    await connection.readHead();
    await heard();
    clock.advance(100 + LATE_MS);
    expect(await stage.ownErrorOf(handle)).toMatchObject({
      code: 'ERR_HEADERS_TIMEOUT',
      phase: 'headers',
      sent: true,
      retryable,
    });
    await connection.closed;
  },
);

test('E a peer that falls silent in the body is ERR_IDLE_TIMEOUT', async () => {
  await using stage = await errorStage({ idleTimeout: 100, stream: true });
  const { peer, pool, clock } = stage;
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  await connection.writeHead(200, { 'content-length': '3' });
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  clock.advance(100 + LATE_MS);
  expect(await stage.ownErrorOf(handle)).toMatchObject({
    code: 'ERR_IDLE_TIMEOUT',
    phase: 'body',
    sent: true,
    retryable: true,
  });
  await connection.closed;
});

test('E an exchange that takes too long is ERR_TIMEOUT', async () => {
  await using stage = await errorStage({ timeout: 100 });
  const { peer, pool, clock } = stage;
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  await heard();
  clock.advance(100 + LATE_MS);
  expect(await stage.ownErrorOf(handle)).toMatchObject({
    code: 'ERR_TIMEOUT',
    phase: 'headers',
    sent: true,
    retryable: true,
  });
});

test('E waiting too long for the end is ERR_AWAIT_TIMEOUT, and not the end', async () => {
  await using stage = await errorStage();
  const { peer, pool, clock } = stage;
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  const waiting = pool.await(handle, { timeout: 100 });
  clock.advance(100 + LATE_MS);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT', ref: handle.ref });
  await connection.respond(200);
  expect((await pool.await(handle)).status).toBe(200);
  expect(pool.stats().totals).toEqual({ done: 1, error: {} });
});
