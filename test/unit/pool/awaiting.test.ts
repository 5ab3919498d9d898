/** Waiting without owning: whatever way it ends, its timer and its listener are gone. */

import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { textOf } from '../../helpers/message-log.ts';
import { type ScriptedDispatch, ScriptedDispatcher } from '../../helpers/scripted-dispatcher.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** No deadline of the exchange itself. */
const TIMELESS = {
  timeout: NEVER,
  connectTimeout: NEVER,
  headersTimeout: NEVER,
  idleTimeout: NEVER,
};

/** Age at which the sweep of `pool/handles` has passed; a whole number of ticks of the wheel. */
const SWEPT_MS = 64;

let clock: ManualClock;
let pool: RequestPool;
let wire: ScriptedDispatch;
let handle: AsyncHandle;

beforeEach(async () => {
  clock = new ManualClock();
  const dispatcher = new ScriptedDispatcher();
  pool = new RequestPool({ ...TIMELESS, workers: 1, dispatcher: () => dispatcher }, { clock });
  handle = pool.get('http://peer.test/', { stream: true, window: 4 });
  wire = await dispatcher.begun();
  // Old enough for the pool to keep the handle no longer: no timer but those of the tests is left.
  clock.advance(SWEPT_MS);
  expect(clock.pending).toBe(0);
});

afterEach(async () => {
  await pool.destroy();
  expect(clock.pending).toBe(0);
});

test('A2 clears its timer and its listener when the exchange ends', async () => {
  const { signal } = new AbortController();
  const waiting = pool.await(handle, { timeout: 100, signal });
  expect(clock.pending).toBe(1);
  expect(getEventListeners(signal, 'abort').length).toBe(1);
  wire.head();
  wire.end();
  await waiting;
  expect(clock.pending).toBe(0);
  expect(getEventListeners(signal, 'abort').length).toBe(0);
});

test('A2 clears its listener when its time is over, and its timer when its signal aborts', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const late = pool.await(handle, { timeout: 8, signal });
  clock.advance(8);
  await expect(late).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT' });
  expect(getEventListeners(signal, 'abort').length).toBe(0);
  const aborted = pool.await(handle, { timeout: 100, signal });
  controller.abort();
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(clock.pending).toBe(0);
});

test('A2 passes on a signal whose reason is undefined or no error', async () => {
  for (const reason of [null, 0, 'why']) {
    const waiting = pool.await(handle, { signal: AbortSignal.abort(reason) });
    await expect(waiting).rejects.toBe(reason);
  }
});

test('A2 needs no timer for a timeout of Infinity', async () => {
  const waiting = pool.await(handle, { timeout: NEVER });
  expect(clock.pending).toBe(0);
  wire.head();
  wire.end();
  expect((await waiting).status).toBe(200);
});

test('M1 clears its timer when a message comes, and loses none to a reader that gave up', async () => {
  const late = pool.receive(handle, { timeout: 8 });
  clock.advance(8);
  expect(await late).toBeUndefined();
  expect(clock.pending).toBe(0);
  const inTime = pool.receive(handle, { timeout: 8 });
  wire.head();
  expect((await inTime)?.type).toBe('status');
  expect(clock.pending).toBe(0);
});

test('A1 lifts the window while it waits, and only then', async () => {
  wire.head();
  wire.data('abcdef');
  expect(wire.paused).toBe(true);
  const waiting = pool.await(handle, { timeout: 8 });
  await Promise.resolve();
  expect(wire.paused).toBe(false);
  wire.data('ghijklmnop');
  expect(wire.paused).toBe(false);
  clock.advance(8);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT' });
  wire.data('qrstuv');
  expect(wire.paused).toBe(true);
  wire.end();
  expect((await pool.await(handle)).text()).toBe('abcdefghijklmnopqrstuv');
});

test('F1 counts what was collected as unread once nobody awaits it any more', async () => {
  wire.head();
  const waiting = pool.await(handle, { timeout: 8 });
  wire.data('abcdef');
  clock.advance(8);
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_AWAIT_TIMEOUT' });
  wire.data('ghi');
  wire.end();
  const read = async (): Promise<string> => {
    const message = await pool.receive(handle, { timeout: 0 });
    return message?.type === 'data' ? textOf(message.chunk) : String(message?.type);
  };
  expect([await read(), await read()]).toEqual(['status', 'abcdef']);
  expect([await read(), await read()]).toEqual(['ghi', 'done']);
});

test('A1 leaves the window as it is where a loop reads', async () => {
  const loop = pool.messages(handle);
  const waiting = pool.await(handle);
  wire.head();
  wire.data('abcdef');
  expect(wire.paused).toBe(true);
  wire.end();
  for await (const message of loop) expect(message.ref).toBe(handle.ref);
  expect((await waiting).body.byteLength).toBe(0);
});
