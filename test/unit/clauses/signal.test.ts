/**
 * The `signal` of a request cancels it in any phase, and is never taken for its caller.
 */

import { expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { listenersOf } from '../../helpers/callers.ts';
import { codeOf, endOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const CANCELLED = { error: { code: 'ERR_CANCELLED', cause: 'left' } } as const;

test('X3 aborted before the request: it ends with the reason and touches no network', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  const signal = AbortSignal.abort('left');
  const upload = pool.post(peer.origin, { signal, streamBody: true });
  expect(gaugesOf(pool)).toEqual(IDLE);
  expect(await pool.sendBody(upload, 'late')).toBe(false);
  expect(await failureOf(pool, upload)).toMatchObject({
    error: { code: 'ERR_CANCELLED', cause: 'left', sent: false },
    upload: { complete: false, bytesSent: 0 },
  });
  await pool.close();
  expect(peer.connections).toBe(0);
});

test('X3 aborted in the queue and on the wire: all of its exchanges end at once', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, maxInFlight: 2 });
  const controller = new AbortController();
  const { signal } = controller;
  const handles = [
    pool.get(peer.origin, { signal }),
    pool.get(peer.origin, { signal, stream: true }),
    pool.get(peer.origin, { signal }),
    pool.post(peer.origin, { signal, streamBody: true }),
  ];
  const connections = [await peer.connection(), await peer.connection()];
  await Promise.all(connections.map((connection) => connection.readHead()));
  expect(pool.stats()).toMatchObject({ queued: 2, inFlight: 2 });
  controller.abort('left');
  expect(gaugesOf(pool)).toEqual(IDLE);
  for (const handle of handles) expect(await failureOf(pool, handle)).toMatchObject(CANCELLED);
  await Promise.all(connections.map(({ closed }) => closed));
  expect(peer.connections).toBe(2);
});

test('X3 aborted in an upload: the upload is cut, never finished', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const controller = new AbortController();
  const handle = pool.post(peer.origin, { signal: controller.signal, streamBody: true });
  await pool.sendBody(handle, 'cut');
  const connection = await peer.connection();
  await connection.readHead();
  expect(await connection.readText(6)).toBe('3\r\ncut');
  controller.abort('left');
  expect(await failureOf(pool, handle)).toMatchObject({
    ...CANCELLED,
    upload: { complete: false, bytesSent: 3, endedBy: 'failure' },
  });
  await connection.closed;
  expect(connection.unread).toBe(0);
});

test('X3 aborted while the response is received, also when it is paused for credit', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  for (const window of [1_048_576, 1]) {
    const controller = new AbortController();
    const options = { signal: controller.signal, stream: true, window };
    const handle = pool.get(peer.origin, options);
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(200, { 'content-length': '99' });
    await connection.write('some');
    expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
    controller.abort('left');
    expect(await failureOf(pool, handle)).toMatchObject(CANCELLED);
    await connection.closed;
  }
});

test('X3 aborted after the end, it changes nothing', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const controller = new AbortController();
  const handle = pool.get(peer.origin, { signal: controller.signal });
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200, {}, 'done');
  await pool.await(handle);
  controller.abort('left');
  expect(await endOf(pool, handle)).toMatchObject({ type: 'done' });
  expect(pool.stats().totals).toEqual({ done: 1, error: {} });
});

test('X3 a signal has one listener for 1 000 exchanges, and none after each kind of end', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1, maxInFlight: 1 });
  const { signal } = new AbortController();
  const listeners = () => listenersOf(signal, 'abort');
  const first = pool.get(peer.origin, { signal });
  const handles = Array.from({ length: 999 }, () => pool.get(peer.origin, { signal }));
  const connection = await peer.connection();
  await connection.readHead();
  expect(listeners()).toBe(1);
  await connection.respond(200);
  await pool.await(first);
  expect(listeners()).toBe(1);
  for (const handle of handles.slice(1)) pool.cancel(handle);
  expect(listeners()).toBe(1);
  await pool.destroy();
  expect(listeners()).toBe(0);
  await settled();
  expect(seen.warnings).toEqual([]);
});

test('X3 one signal for many pools has one listener, and cancels in each', async () => {
  const controller = new AbortController();
  const pools = Array.from({ length: 3 }, () => createPool({ workers: 1 }));
  const handles = pools.map((pool) =>
    pool.get('http://127.0.0.1:9', { signal: controller.signal }),
  );
  expect(listenersOf(controller.signal, 'abort')).toBe(1);
  controller.abort();
  expect(listenersOf(controller.signal, 'abort')).toBe(0);
  for (const [index, pool] of pools.entries()) {
    const handle = handles[index];
    expect(handle && (await codeOf(pool.await(handle)))).toBe('ERR_CANCELLED');
    await pool.close();
  }
});

test('X3 a signal that is the caller too cuts the upload rather than have it finished', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const handle = pool.post(peer.origin, { signal, caller: signal, streamBody: true });
  expect(listenersOf(signal, 'abort')).toBe(1);
  await pool.sendBody(handle, 'cut');
  const connection = await peer.connection();
  await connection.readHead();
  expect(await connection.readText(6)).toBe('3\r\ncut');
  controller.abort('left');
  expect(await failureOf(pool, handle)).toMatchObject({
    ...CANCELLED,
    upload: { endedBy: 'failure' },
  });
  await connection.closed;
  expect(connection.unread).toBe(0);
});

test('X3 an exchange that is drained for its dead caller still ends on its signal', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const [caller, controller] = [new AbortController(), new AbortController()];
  const handle = pool.post(peer.origin, {
    signal: controller.signal,
    caller: caller.signal,
    streamBody: true,
  });
  const connection = await peer.connection();
  caller.abort();
  await connection.readRequest();
  controller.abort('left');
  expect(await failureOf(pool, handle)).toMatchObject(CANCELLED);
  await connection.closed;
  expect(gaugesOf(pool)).toEqual(IDLE);
});
