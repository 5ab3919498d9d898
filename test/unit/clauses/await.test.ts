/** Clauses A1 to A4: waiting for an exchange, any number of times, without owning it. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, Pool, RequestOptions } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import {
  collectUnhandled,
  expectNoLeaks,
  settled,
  snapshotResources,
} from '../../helpers/leaks.ts';
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

async function begun(
  options: RequestOptions = {},
): Promise<{ handle: AsyncHandle; connection: ScriptedConnection }> {
  const handle = pool.get(peer.origin, options);
  const connection = await peer.connection();
  await connection.readHead();
  return { handle, connection };
}

for (const stream of [false, true]) {
  test(`A2 gives the same response to everyone who awaits, stream ${stream}`, async () => {
    const { handle, connection } = await begun({ stream });
    const early = [pool.await(handle), pool.await(handle)];
    void connection.respond(200, {}, 'abc');
    const responses = await Promise.all([...early, pool.await(handle)]);
    responses.push(await pool.await(handle), await pool.await(handle, { timeout: 1 }));
    expect(new Set(responses).size).toBe(1);
    expect(responses[0]?.text()).toBe('abc');
  });

  test(`A2 gives up after its own timeout and leaves the exchange alone, stream ${stream}`, async () => {
    const { handle, connection } = await begun({ stream });
    const waiting = pool.await(handle, { timeout: 100 });
    clock.advance(110);
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT', ref: handle.ref });
    expect(pool.stats().inFlight).toBe(1);
    void connection.respond(200, {}, 'abc');
    expect((await pool.await(handle)).text()).toBe('abc');
  });

  test(`A2 gives up with the reason of its signal and leaves the exchange alone, stream ${stream}`, async () => {
    const { handle, connection } = await begun({ stream });
    const controller = new AbortController();
    const before = snapshotResources([{ name: 'signal', target: controller.signal }]);
    const waiting = pool.await(handle, { signal: controller.signal });
    const reason = { my: 'reason' };
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(pool.await(handle, { signal: controller.signal })).rejects.toBe(reason);
    expect(pool.stats().inFlight).toBe(1);
    void connection.respond(200, {}, 'abc');
    expect((await pool.await(handle)).text()).toBe('abc');
    expect((await pool.await(handle, { signal: controller.signal })).text()).toBe('abc');
    await expectNoLeaks(before);
  });
}

test('A2 leaves the whole body to the mailbox when it gives up on a streamed exchange', async () => {
  const { handle, connection } = await begun({ stream: true, window: 4 });
  const waiting = pool.await(handle, { timeout: 100 });
  void connection.writeHead(200, { 'content-length': '9' });
  // More than the window, because somebody awaits.
  await connection.write('abcdef');
  const received = (): number =>
    pool.stats().workers.reduce((sum, worker) => sum + worker.bytesReceived, 0);
  while (received() < 6) await settled(1);
  clock.advance(110);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT' });
  void connection.write('ghi');
  const messages = await readAll(pool.messages(handle));
  expect(messages[0]?.type).toBe('status');
  expect(textOf(bodyOf(messages))).toBe('abcdefghi');
  expect(messages.at(-1)?.type).toBe('done');
});

test('A2 stops reading ahead when nobody awaits a streamed exchange any more', async () => {
  const { handle, connection } = await begun({ stream: true, window: 1000 });
  const waiting = pool.await(handle, { timeout: 100 });
  void connection.writeHead(200, { 'content-length': String(64 * 1024 * 1024) });
  clock.advance(110);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT' });
  void connection.write(Buffer.alloc(32 * 1024 * 1024));
  await settled(200);
  const [first, second] = pool.stats().workers;
  expect((first?.bytesReceived ?? 0) + (second?.bytesReceived ?? 0)).toBeLessThan(200_000);
});

test('A1 collects what is left of a streamed exchange that was read in part', async () => {
  const { handle, connection } = await begun({ stream: true, window: 4 });
  void connection.respond(200, { 'x-a': '1' }, 'abcdefghij');
  expect((await pool.receive(handle))?.type).toBe('status');
  const first = await pool.receive(handle);
  expect(first?.type === 'data' && textOf(first.chunk)).toBe('abcd');
  const response = await pool.await(handle);
  expect(response.text()).toBe('efghij');
  expect(response).toMatchObject({ status: 200, headers: { 'x-a': '1' } });
  expect(response.metrics.bytesReceived).toBe(10);
});

test('A1 collects a streamed exchange that ended unread', async () => {
  const { handle, connection } = await begun({ stream: true });
  void connection.respond(200, {}, 'abc');
  while (pool.stats().inFlight > 0) await settled(1);
  const response = await pool.await(handle);
  expect(response.text()).toBe('abc');
  expect(await pool.await(handle)).toBe(response);
});

test('A1 collects far more than the window', async () => {
  const { handle, connection } = await begun({ stream: true, window: 1 });
  const body = Buffer.alloc(5_000_000, 'x');
  void connection.respond(200, {}, body);
  expect(Buffer.compare((await pool.await(handle)).body, body)).toBe(0);
});

test('A1 leaves the body empty when a loop reads the messages', async () => {
  const { handle, connection } = await begun({ stream: true });
  const reading = readAll(pool.messages(handle));
  const waiting = pool.await(handle);
  void connection.respond(200, { 'x-a': '1' }, 'abc');
  const response = await waiting;
  expect(response.body.byteLength).toBe(0);
  expect(response).toMatchObject({ status: 200, headers: { 'x-a': '1' } });
  expect(response.metrics.bytesReceived).toBe(3);
  expect((await reading).map(({ type }) => type)).toEqual(['status', 'data', 'done']);
});

test('A1 leaves the body empty when the messages went to a receiver', async () => {
  const { handle, connection } = await begun({ stream: true, replyTo: () => {} });
  void connection.respond(200, {}, 'abc');
  const response = await pool.await(handle);
  expect(response.body.byteLength).toBe(0);
  expect(response.status).toBe(200);
  expect(response.metrics.bytesReceived).toBe(3);
});

for (const stream of [false, true]) {
  test(`A3 rejects each time with the error of the exchange, stream ${stream}`, async () => {
    const { handle, connection } = await begun({ stream });
    const early = pool.await(handle);
    connection.reset();
    const error = await early.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: 'RequestError', code: 'ERR_SOCKET', ref: handle.ref });
    await expect(pool.await(handle)).rejects.toBe(error);
  });
}

test('A3 never causes an unhandled rejection when nobody awaits', async () => {
  using unhandled = collectUnhandled();
  const handles: AsyncHandle[] = [];
  for (const options of [{}, { stream: true }, { replyTo: () => {} }]) {
    const { handle, connection } = await begun(options);
    handles.push(handle);
    connection.reset();
  }
  while (pool.stats().inFlight > 0) await settled(1);
  await settled();
  expect(unhandled.rejections).toEqual([]);
  expect(handles.length).toBe(3);
});

test('A4 takes 4xx and 5xx for responses', async () => {
  for (const status of [400, 401, 404, 413, 429, 500, 503, 599]) {
    const { handle, connection } = await begun();
    void connection.respond(status, { connection: 'close' }, 'why');
    const response = await pool.await(handle);
    expect([response.status, response.text()]).toEqual([status, 'why']);
  }
});
