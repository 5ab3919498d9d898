/** What a connected pool keeps by itself, whatever the thread of its pool does. */

import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectPool, createPool, type Message, RequestError } from '../../../../src/index.ts';
import { PROTOCOL } from '../../../../src/pool/port/protocol.ts';
import { connectedPool, type Played, playedPool } from '../../../helpers/connected.ts';
import { codeOf, failureOf, messagesOf } from '../../../helpers/ends.ts';
import { collectUnhandled, gc, settled } from '../../../helpers/leaks.ts';
import { MessageLog, textOf } from '../../../helpers/message-log.ts';

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

const issuesOf = (call: () => unknown): readonly string[] => {
  try {
    call();
  } catch (error) {
    if (error instanceof RequestError) return (error.issues ?? []).map(({ option }) => option);
    throw error;
  }
  return [];
};

test('H1 throws at the call what the pool itself would throw, and asks for nothing', async () => {
  const bad = { timeout: -1, window: 10, nonsense: 1, body: 7 } as never;
  const here = issuesOf(() => connected.post(URL, bad));
  expect(here).toEqual(issuesOf(() => pool.post(URL, bad)));
  expect(here.toSorted()).toEqual(['body', 'nonsense', 'timeout', 'window']);
  await settled();
  expect(pool.stats()).toMatchObject({ inFlight: 0, totals: { done: 0, error: {} } });
});

test('H1 options that cannot be cloned as they are cross by their values', async () => {
  const minThroughput = new Proxy({ bytes: 1, interval: 1_000 }, {});
  const handle = connected.get(URL, { minThroughput });
  const wire = await dispatcher.begun();
  wire.head();
  wire.end();
  expect((await connected.await(handle)).status).toBe(200);
});

test('H1 knows the defaults of its pool', async () => {
  await using other = connectedPool({ stream: true, headers: { 'x-all': 'yes' } });
  const handle = other.connected.get(URL, { window: 4 });
  other.connected.cancel(handle);
  expect(issuesOf(() => connected.get(URL, { window: 4 }))).toEqual(['window']);
});

test('W6 refuses what is no fresh port of a pool', async () => {
  const { port1, port2 } = new MessageChannel();
  port2.postMessage({ type: 'hello', protocol: 0 });
  port1.postMessage({ type: 'hello', protocol: PROTOCOL });
  for (const port of [port1, port2, stage.port, {}, undefined]) {
    expect(issuesOf(() => connectPool(port as never))).toEqual(['port']);
  }
  port1.close();
});

test('M7 messages are whole again: errors with code, responses with methods', async () => {
  const handle = connected.get(URL);
  const wire = await dispatcher.begun();
  wire.head(200, { 'content-type': 'application/json' });
  wire.data('{"a":');
  wire.data('1}');
  wire.end({ 'x-trailer': 'last' });
  const message = await connected.receive(handle);
  expect(message).toMatchObject({ type: 'done', ref: handle.ref });
  const response = await connected.await(handle);
  expect(response.json()).toEqual({ a: 1 });
  expect(response).toMatchObject({
    status: 200,
    headers: { 'content-type': 'application/json' },
    rawHeaders: ['content-type', 'application/json'],
    trailers: { 'x-trailer': 'last' },
    url: URL,
    metrics: { worker: 1, attempts: 1 },
  });
  expect(await connected.await(handle)).toBe(response);
});

test('M7 an error tells as much as it does in the thread of the pool', async () => {
  const handle = connected.put(URL, { body: 'text' });
  const wire = await dispatcher.begun();
  wire.fail(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }));
  const { error } = await failureOf(connected, handle);
  expect(error).toBeInstanceOf(RequestError);
  expect(error).toMatchObject({
    code: 'ERR_SOCKET',
    ref: handle.ref,
    method: 'PUT',
    origin: 'http://peer.test',
    sent: true,
    retryable: true,
    cause: { message: 'other side closed', code: 'UND_ERR_SOCKET' },
  });
});

test('X1 a cancel beats a response that is on its way, and gives its reason as cause', async () => {
  const handle = connected.get(URL, { stream: true });
  const wire = await dispatcher.begun();
  wire.head();
  wire.data('abc');
  wire.end();
  const reason = { why: 'enough' };
  connected.cancel(handle, reason);
  connected.cancel(handle, 'too late');
  const messages = await messagesOf(connected, handle);
  expect(messages.map(({ type }) => type)).toEqual(['status', 'error']);
  expect(messages.at(-1)).toMatchObject({ error: { code: 'ERR_CANCELLED', cause: reason } });
  expect(await codeOf(connected.await(handle))).toBe('ERR_CANCELLED');
});

test('X3 C5 what is dead before it is asked for never reaches the pool', async () => {
  const reason = new Error('why');
  const handles = [
    connected.get(URL, { signal: AbortSignal.abort(reason) }),
    connected.get(URL, { caller: AbortSignal.abort() }),
  ];
  const ends = await Promise.all(handles.map((handle) => failureOf(connected, handle)));
  expect(ends).toMatchObject([
    { error: { code: 'ERR_CANCELLED', cause: reason, phase: 'queue', sent: false } },
    { error: { code: 'ERR_CALLER_DIED', phase: 'queue', sent: false } },
  ]);
  expect(pool.stats().totals).toEqual({ done: 0, error: {} });
});

test('F1 credit goes back when a message was read here, and not before', async () => {
  const handle = connected.get(URL, { stream: true, window: 4 });
  const wire = await dispatcher.begun();
  wire.head();
  wire.data('abcdefghij');
  await settled();
  expect(wire.paused).toBe(true);
  const texts: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const message = await connected.receive(handle);
    if (message?.type === 'data') texts.push(textOf(message.chunk));
  }
  expect(texts).toEqual(['abcd', 'efgh', 'ij']);
  await settled();
  expect(wire.paused).toBe(false);
});

test('F1 a receiver grants with updateFlow; without a window it needs not', async () => {
  const [bounded, unbounded] = [new MessageLog(), new MessageLog()];
  const handle = connected.get(URL, { stream: true, window: 4, replyTo: bounded.receive });
  const wire = await dispatcher.begun();
  wire.head();
  wire.data('abcdefghij');
  await settled();
  expect(textOf(bounded.body)).toBe('abcd');
  connected.updateFlow(handle, 3);
  await settled();
  expect(textOf(bounded.body)).toBe('abcdefg');
  connected.updateFlow(handle, Number.POSITIVE_INFINITY);
  await settled();
  expect(textOf(bounded.body)).toBe('abcdefghij');
  connected.get(URL, { stream: true, replyTo: unbounded.receive });
  const other = await dispatcher.begun();
  other.head();
  for (let count = 0; count < 64; count += 1) other.data(new Uint8Array(65_536));
  wire.end();
  other.end();
  await Promise.all([bounded.ended, unbounded.ended]);
  expect(unbounded.body.byteLength).toBe(4 * 1024 * 1024);
});

test('F2 no more than a hop is under way to a thread that does not look', async () => {
  connected.get(URL, { stream: true, replyTo: () => {} });
  const wire = await dispatcher.begun();
  wire.head();
  let sent = 0;
  for (; !wire.paused && sent < 64; sent += 1) wire.data(new Uint8Array(65_536));
  expect(sent).toBe(17);
});

test('A1 await collects a stream that nobody reads, whatever its window', async () => {
  const handle = connected.get(URL, { stream: true, window: 1 });
  const wire = await dispatcher.begun();
  wire.head();
  wire.data('abcdef');
  await settled();
  const waiting = connected.await(handle);
  await settled();
  wire.data('ghi');
  wire.end();
  expect((await waiting).text()).toBe('abcdefghi');
});

test('A2 its own timeout ends only the waiting', async () => {
  const handle = connected.get(URL);
  const wire = await dispatcher.begun();
  const late = connected.await(handle, { timeout: 100 });
  stage.clock.advance(120);
  expect(await codeOf(late)).toBe('ERR_AWAIT_TIMEOUT');
  wire.head();
  wire.end();
  expect((await connected.await(handle)).status).toBe(200);
});

test('M4 leaving a loop cancels the exchange in the pool', async () => {
  const handle = connected.get(URL, { stream: true });
  const wire = await dispatcher.begun();
  wire.head();
  for await (const { type } of connected.messages(handle)) {
    expect(type).toBe('status');
    break;
  }
  await settled();
  expect(wire.aborted).toBe(true);
  expect(pool.stats().totals.error).toEqual({ ERR_CANCELLED: 1 });
});

test('H8 a handle dropped here is a dropped handle', async () => {
  using unhandled = collectUnhandled();
  await (async () => {
    connected.get(URL, { stream: true });
    const wire = await dispatcher.begun();
    wire.head();
  })();
  stage.clock.advance(64);
  while (pool.stats().inFlight > 0) await gc();
  expect(pool.stats().totals.error).toEqual({ ERR_CALLER_DIED: 1 });
  expect(unhandled.warnings.map((one) => Reflect.get(one, 'code'))).toEqual([
    'SPOOL_HANDLE_DROPPED',
  ]);
});

test('H2 a handle of one pool is unknown to another, a forged one to all', async () => {
  const handle = connected.get(URL);
  await using other = connectedPool();
  for (const foreign of [handle, { ref: handle.ref }, undefined]) {
    expect(await codeOf(other.connected.await(foreign as never))).toBe('ERR_UNKNOWN_HANDLE');
    other.connected.cancel(foreign as never);
    other.connected.updateFlow(foreign as never, 1);
  }
  expect(await codeOf(pool.await(handle))).toBe('ERR_UNKNOWN_HANDLE');
  expect(connected.handle(handle.ref)).toBe(handle);
});

test('H2 the ref of an exchange of another thread makes a handle in that of the pool', async () => {
  const handle = connected.get(URL);
  const wire = await dispatcher.begun();
  const here = pool.handle(handle.ref);
  expect(here.ref).toBe(handle.ref);
  const waiting = pool.await(here);
  wire.head();
  wire.data('for both');
  wire.end();
  expect((await waiting).text()).toBe('for both');
  expect((await connected.await(handle)).text()).toBe('for both');
  expect(() => pool.handle(handle.ref)).toThrow(
    expect.objectContaining({ code: 'ERR_UNKNOWN_HANDLE' }),
  );
});

test('P1 a request that meets a closed pool on its way ends as refused', async () => {
  void pool.close();
  const end = await failureOf(connected, connected.get(URL));
  expect(end).toMatchObject({ error: { code: 'ERR_POOL_CLOSED', sent: false } });
  expect(() => connected.get(URL)).toThrow(expect.objectContaining({ code: 'ERR_POOL_CLOSED' }));
});

test('P1 destroy of the pool ends each exchange once, here too', async () => {
  const log = new MessageLog();
  const handle = connected.get(URL, { replyTo: log.receive });
  await dispatcher.begun();
  await pool.destroy('the end');
  expect(await codeOf(connected.await(handle))).toBe('ERR_POOL_DESTROYED');
  await settled();
  expect(log.types).toEqual(['error']);
  expect(() => connected.get(URL)).toThrow(expect.objectContaining({ code: 'ERR_POOL_DESTROYED' }));
});

test('P1 close of a connection lets its exchanges end, and leaves the pool as it is', async () => {
  const handle = connected.get(URL);
  const closing = connected.close();
  expect(() => connected.get(URL)).toThrow(expect.objectContaining({ code: 'ERR_POOL_CLOSED' }));
  const wire = await dispatcher.begun();
  wire.head();
  wire.end();
  expect((await connected.await(handle)).status).toBe(200);
  await closing;
  await connected.close();
  const [again, second] = [connectPool(pool.port()), pool.get(URL)];
  (await dispatcher.begun()).fail(new Error('no'));
  await codeOf(pool.await(second));
  await again.close();
});

test('P1 destroy of a connection ends its exchanges at once; for the pool their callers died', async () => {
  const messages: Message[] = [];
  connected.get(URL, { stream: true, replyTo: (message) => messages.push(message) });
  await dispatcher.begun();
  const destroyed = connected.destroy('enough');
  expect(messages).toMatchObject([
    { type: 'error', error: { code: 'ERR_POOL_DESTROYED', cause: 'enough', sent: true } },
  ]);
  await destroyed;
  await settled();
  expect(pool.stats().totals.error).toEqual({ ERR_CALLER_DIED: 1 });
});

test('P1 close with a timeout destroys what is left', async () => {
  const handle = connected.get(URL);
  await dispatcher.begun();
  const closing = connected.close({ timeout: 100 });
  stage.clock.advance(100);
  await closing;
  expect(await codeOf(connected.await(handle))).toBe('ERR_POOL_DESTROYED');
});

test('P3 a pool that takes nothing more makes no port', async () => {
  const closed = createPool();
  await closed.close();
  expect(() => closed.port()).toThrow(expect.objectContaining({ code: 'ERR_POOL_CLOSED' }));
});
