/** Clause P1 for calls that come too late: each has an answer, none crashes, none revives the pool. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, Pool } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { type EchoServer, echoServer } from '../../helpers/echo-server.ts';
import {
  collectUnhandled,
  expectNoLeaks,
  settled,
  snapshotResources,
} from '../../helpers/leaks.ts';

let server: EchoServer;

beforeEach(async () => {
  server = await echoServer();
});

afterEach(async () => {
  await server.close();
});

const ENDS: readonly (readonly [string, (pool: Pool) => Promise<void>, string])[] = [
  ['close', (pool) => pool.close(), 'ERR_POOL_CLOSED'],
  ['destroy', (pool) => pool.destroy(), 'ERR_POOL_DESTROYED'],
  ['its disposal', async (pool) => pool[Symbol.asyncDispose](), 'ERR_POOL_CLOSED'],
];

test.each(ENDS)('P1 after %s every request throws', async (_name, end, code) => {
  const pool = createPool({ workers: 1 });
  const scope = pool.withCaller();
  await end(pool);
  const closed = expect.objectContaining({ name: 'RequestError', code });
  for (const requests of [pool, scope, pool.withCaller()]) {
    expect(() => requests.request({ url: server.origin })).toThrow(closed);
    expect(() => requests.get(server.origin)).toThrow(closed);
    expect(() => requests.post(server.origin, { streamBody: true })).toThrow(closed);
    // Whatever is wrong with it besides.
    expect(() => requests.get('no url', { window: -1 })).toThrow(closed);
  }
  scope[Symbol.dispose]();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, totals: { done: 0, error: {} } });
  expect(server.connections).toBe(0);
});

test.each(ENDS)('P1 after %s an ended handle keeps its answers', async (_name, end) => {
  using unhandled = collectUnhandled();
  const before = snapshotResources();
  const pool = createPool({ workers: 1 });
  const handle = pool.get(server.url('/echo'), { stream: true });
  expect((await pool.await(handle)).status).toBe(200);
  await end(pool);
  expect((await pool.await(handle)).status).toBe(200);
  expect(await pool.sendBody(handle, 'late')).toBe(false);
  expect(await pool.finishBody(handle)).toBe(false);
  pool.cancel(handle);
  pool.updateFlow(handle, 5);
  pool.killWorker(1);
  await drain(pool, handle);
  expect(await pool.receive(handle)).toBeUndefined();
  expect(await pool.receive(handle, { timeout: 5 })).toBeUndefined();
  await end(pool);
  await pool.close({ timeout: 0 });
  await pool.destroy(new Error('again'));
  expect(pool.stats()).toMatchObject({ inFlight: 0, totals: { done: 1, error: {} } });
  for (const worker of pool.stats().workers) expect(worker.state).toBe('stopped');
  await settled();
  expect(unhandled).toMatchObject({ rejections: [], exceptions: [], warnings: [] });
  await expectNoLeaks(before);
});

async function drain(pool: Pool, handle: AsyncHandle): Promise<void> {
  for await (const message of pool.messages(handle)) expect(message.ref).toBe(handle.ref);
}

test('P1 a request while the pool closes throws, and what runs ends well', async () => {
  const pool = createPool({ workers: 1 });
  const upload = pool.post(server.url('/echo'), { streamBody: true });
  expect(await pool.sendBody(upload, 'ab')).toBe(true);
  const closing = pool.close();
  expect(() => pool.get(server.origin)).toThrow(
    expect.objectContaining({ code: 'ERR_POOL_CLOSED' }),
  );
  expect(await pool.sendBody(upload, 'cd')).toBe(true);
  expect(await pool.finishBody(upload)).toBe(true);
  expect((await pool.await(upload)).text()).toBe('abcd');
  await closing;
});
