/** A `ref` that crosses threads: the handle there, of an exchange that was asked for elsewhere. */

import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle } from '../../../../src/index.ts';
import { RemotePool } from '../../../../src/pool/port/connected-pool.ts';
import { connectedPool, type Played, playedPool } from '../../../helpers/connected.ts';
import { codeOf, messagesOf } from '../../../helpers/ends.ts';
import { collectUnhandled, gc, isCollected, settled } from '../../../helpers/leaks.ts';
import { textOf } from '../../../helpers/message-log.ts';
import { scriptedPeer } from '../../../helpers/scripted-peer.ts';

const URL = 'http://peer.test/';
let stage: Played;
let connected: Played['connected'];
let pool: Played['pool'];
let dispatcher: Played['dispatcher'];

beforeEach(() => {
  stage = playedPool();
  ({ connected, pool, dispatcher } = stage);
});

afterEach(() => stage[Symbol.asyncDispose]());

test('H2 a ref of the pool is a handle here: the same response for all who await', async () => {
  const handle = pool.get(URL);
  const adopted = connected.handle(handle.ref);
  expect(adopted.ref).toBe(handle.ref);
  expect(connected.handle(handle.ref)).toBe(adopted);
  const waiting = Promise.all([connected.await(adopted), connected.await(adopted)]);
  const wire = await dispatcher.begun();
  await settled();
  wire.head(201, { 'x-one': '1' });
  wire.data('{"for":"all"}');
  wire.end();
  for (const response of await waiting) {
    expect(response).toMatchObject({ ref: handle.ref, status: 201, headers: { 'x-one': '1' } });
    expect(response.json()).toEqual({ for: 'all' });
  }
  expect((await pool.await(handle)).json()).toEqual({ for: 'all' });
  // A handle keeps what its exchange came to, also one that was made of a ref.
  expect((await connected.await(adopted)).text()).toBe('{"for":"all"}');
});

test('M1 its messages are read once, by whoever asks for them first', async () => {
  const handle = pool.get(URL, { stream: true });
  const adopted = connected.handle(handle.ref);
  const wire = await dispatcher.begun();
  expect(await connected.receive(adopted, { timeout: 0 })).toBeUndefined();
  const first = connected.receive(adopted);
  await settled();
  wire.head();
  wire.data('one');
  wire.data('two');
  expect(await first).toMatchObject({ type: 'status', ref: handle.ref });
  expect(await pool.receive(handle)).toMatchObject({ type: 'data' });
  wire.end();
  const rest = await messagesOf(connected, adopted);
  expect(rest.map((one) => (one.type === 'data' ? textOf(one.chunk) : one.type))).toEqual([
    'two',
    'done',
  ]);
  expect(await connected.receive(adopted)).toBeUndefined();
  expect(await pool.receive(handle)).toBeUndefined();
});

test('H3 what comes after a reader in another thread is gone is for the others', async () => {
  const handle = pool.get(URL, { stream: true });
  const other = new RemotePool(pool.port(), stage.clock);
  const adopted = other.handle(handle.ref);
  const reads = [1, 2].map(() => other.receive(adopted));
  const wire = await dispatcher.begun();
  await settled();
  const gone = Promise.all(reads.map(codeOf));
  await other.destroy();
  expect(await gone).toEqual(['ERR_POOL_DESTROYED', 'ERR_POOL_DESTROYED']);
  await settled();
  wire.head();
  wire.data('all of it');
  wire.end();
  const messages = await messagesOf(pool, handle);
  expect(messages.map(({ type }) => type)).toEqual(['status', 'data', 'done']);
});

test('M4 leaving a loop over it cancels the exchange', async () => {
  const handle = pool.get(URL, { stream: true });
  const wire = await dispatcher.begun();
  wire.head();
  for await (const { type } of connected.messages(connected.handle(handle.ref))) {
    expect(type).toBe('status');
    break;
  }
  await settled();
  expect(wire.aborted).toBe(true);
  expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
});

test('U2 its body is sent from here in the order of the calls, under the backpressure of the peer', async () => {
  await using peer = await scriptedPeer();
  await using other = connectedPool();
  const handle = other.pool.post(peer.origin, { streamBody: true });
  const adopted = other.connected.handle(handle.ref);
  const buffer = new TextEncoder().encode('first ');
  const sends = [
    other.connected.sendBody(adopted, buffer),
    other.connected.sendBody(adopted, 'second'),
  ];
  const finish = other.connected.finishBody(adopted);
  const connection = await peer.connection();
  expect(textOf((await connection.readRequest()).body)).toBe('first second');
  expect(await Promise.all([...sends, finish])).toEqual([true, true, true]);
  expect(await other.connected.sendBody(adopted, 'late')).toBe(false);
  await connection.respond(200);
  expect((await other.pool.await(handle)).upload).toMatchObject({ complete: true });
});

test('U3 a chunk whose memory goes before its turn ends the exchange, not in silence', async () => {
  const handle = pool.post(URL, { streamBody: true });
  const adopted = connected.handle(handle.ref);
  const chunk = new Uint8Array(4);
  const sends = [connected.sendBody(adopted, 'first'), connected.sendBody(adopted, chunk)];
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
  expect(await Promise.all(sends)).toEqual([true, false]);
  expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
});

test.each<readonly [string, () => Promise<unknown>]>([
  ['the pool is destroyed', () => pool.destroy()],
  ['the connection is destroyed', () => connected.destroy()],
  ['the connection is closed', () => connected.close()],
])('U3 U4 a sender is answered, not failed, when %s', async (_how, end) => {
  const handle = pool.post(URL, { streamBody: true, uploadBuffer: 1 });
  const adopted = connected.handle(handle.ref);
  const sends = [connected.sendBody(adopted, 'fills'), connected.sendBody(adopted, 'waits')];
  const finish = connected.finishBody(adopted);
  await settled();
  await end();
  expect(await Promise.all([...sends, finish])).toEqual([false, false, false]);
  expect(await connected.sendBody(adopted, 'late')).toBe(false);
  expect(await connected.finishBody(adopted)).toBe(false);
});

test('X1 it can be cancelled from here, and credit granted', async () => {
  const handle = pool.get(URL, { stream: true, window: 4 });
  const adopted = connected.handle(handle.ref);
  const wire = await dispatcher.begun();
  wire.head();
  wire.data('abcdef');
  expect(wire.paused).toBe(true);
  connected.updateFlow(adopted, 2);
  await settled();
  expect(wire.paused).toBe(false);
  connected.cancel(adopted);
  connected.cancel(adopted);
  expect(await codeOf(connected.await(adopted))).toBe('ERR_CANCELLED');
});

test('A2 giving up ends the waiting and nothing else', async () => {
  const handle = pool.get(URL, { stream: true, window: 4 });
  const adopted = connected.handle(handle.ref);
  const wire = await dispatcher.begun();
  const controller = new AbortController();
  const aborted = connected.await(adopted, { signal: controller.signal });
  const late = connected.await(adopted, { timeout: 100 });
  await settled();
  wire.head();
  controller.abort('enough');
  await expect(aborted).rejects.toBe('enough');
  expect(getEventListeners(controller.signal, 'abort').length).toBe(0);
  stage.clock.advance(120);
  expect(await codeOf(late)).toBe('ERR_AWAIT_TIMEOUT');
  await expect(connected.await(adopted, { signal: AbortSignal.abort('no') })).rejects.toBe('no');
  await settled();
  // Nobody collects any more: the window is what it was.
  wire.data('abcdef');
  expect(wire.paused).toBe(true);
});

test('H2 refs of ended exchanges, and of none, are unknown handles', async () => {
  const ended = pool.get(URL);
  const wire = await dispatcher.begun();
  wire.head();
  wire.end();
  await pool.await(ended);
  for (const ref of [ended.ref, 'no such ref', 'one.two.0']) {
    const handle = connected.handle(ref);
    expect(await codeOf(connected.await(handle))).toBe('ERR_UNKNOWN_HANDLE');
    expect(await codeOf(connected.receive(handle))).toBe('ERR_UNKNOWN_HANDLE');
    expect(await codeOf(connected.messages(handle).next())).toBe('ERR_UNKNOWN_HANDLE');
    expect(await codeOf(connected.sendBody(handle, 'chunk'))).toBe('ERR_UNKNOWN_HANDLE');
    expect(await codeOf(connected.finishBody(handle))).toBe('ERR_UNKNOWN_HANDLE');
    connected.cancel(handle);
    connected.updateFlow(handle, 1);
  }
  for (const ref of ['', 7, undefined]) {
    expect(() => connected.handle(ref as never)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_HANDLE' }),
    );
  }
});

test('H2 an exchange of one thread can be awaited and cancelled in another, not read there', async () => {
  const other = new RemotePool(pool.port(), stage.clock);
  const handle = other.get(URL);
  const wire = await dispatcher.begun();
  const adopted = connected.handle(handle.ref);
  const waiting = connected.await(adopted);
  await expect(connected.receive(adopted)).rejects.toMatchObject({
    code: 'ERR_BAD_OPTIONS',
    issues: [{ option: 'handle' }],
  });
  wire.head();
  wire.data('for both');
  wire.end();
  expect((await waiting).text()).toBe('for both');
  expect((await other.await(handle)).text()).toBe('for both');
  await other.close();
});

test('H8 an exchange lives as long as there is a handle of it in any thread', async () => {
  using unhandled = collectUnhandled();
  const adopt = (): { first: WeakRef<AsyncHandle>; adopted: AsyncHandle | undefined } => {
    const handle = pool.get(URL, { stream: true });
    return { first: new WeakRef(handle), adopted: connected.handle(handle.ref) };
  };
  const held = adopt();
  (await dispatcher.begun()).head();
  stage.clock.advance(64);
  await gc();
  await settled();
  expect(pool.stats().inFlight).toBe(1);
  held.adopted = undefined;
  while (pool.stats().inFlight > 0) await gc();
  expect(await isCollected(held.first)).toBe(true);
  expect(pool.stats().totals.error).toEqual({ ERR_CALLER_DIED: 1 });
  expect(unhandled.warnings.length).toBe(1);
});

test('H3 whoever waits for an answer is told when the connection or the pool ends', async () => {
  const handle = pool.get(URL, { stream: true, timeout: Number.POSITIVE_INFINITY });
  await dispatcher.begun();
  const adopted = connected.handle(handle.ref);
  const waits = [connected.await(adopted), connected.receive(adopted)].map(codeOf);
  await settled();
  await connected.close();
  expect(await Promise.all(waits)).toEqual(['ERR_POOL_DESTROYED', 'ERR_POOL_DESTROYED']);
  expect(await codeOf(connected.await(adopted))).toBe('ERR_POOL_CLOSED');
  expect(await codeOf(connected.stats())).toBe('ERR_POOL_CLOSED');
  expect(pool.stats().inFlight).toBe(1);
});

test('S2 stats are those of the whole pool', async () => {
  pool.get(URL);
  connected.get(URL);
  await settled();
  expect(await connected.stats()).toEqual(pool.stats());
  expect(await connected.stats()).toMatchObject({ inFlight: 2, workers: [{ id: 1 }] });
});
