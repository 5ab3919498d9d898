/**
 * `withCaller`: a scope whose end is the death of whoever asked in it.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { listenersOf } from '../../helpers/callers.ts';
import { codeOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

test('C1 a scope that is disposed ends its requests without a body', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const scope = pool.withCaller();
  const inside = scope.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  const outside = pool.get(peer.origin);
  const other = await peer.connection();
  scope[Symbol.dispose]();
  scope[Symbol.dispose]();
  expect(await codeOf(pool.await(inside))).toBe('ERR_CALLER_DIED');
  await connection.closed;
  await other.respond(200, {}, 'alive');
  expect((await pool.await(outside)).text()).toBe('alive');
  expect(pool.stats().totals).toEqual({ done: 1, error: { ERR_CALLER_DIED: 1 } });
});

test('C2 a scope that is disposed has its open uploads finished', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const handle = await (async () => {
    using scope = pool.withCaller();
    const upload = scope.post(peer.origin, { streamBody: true });
    await pool.sendBody(upload, 'accepted');
    return upload;
  })();
  const connection = await peer.connection();
  const { body } = await connection.readRequest();
  expect(Buffer.from(body).toString()).toBe('accepted');
  await connection.respond(200);
  expect(await failureOf(pool, handle)).toMatchObject({
    error: { code: 'ERR_CALLER_DIED' },
    upload: { endedBy: 'caller_death', bytesSent: 8 },
  });
  await turn();
  expect(peer.openConnections).toBe(1);
});

test('C5 a scope that was disposed, or whose caller is dead, refuses without touching the network', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const disposed = pool.withCaller();
  disposed[Symbol.dispose]();
  const orphan = pool.withCaller(AbortSignal.abort());
  for (const scope of [disposed, orphan]) {
    expect(scope.scope.dead).toBe(true);
    const upload = scope.post(peer.origin, { streamBody: true });
    expect(await failureOf(pool, upload)).toMatchObject({
      error: { code: 'ERR_CALLER_DIED', sent: false },
      upload: { endedBy: 'caller_death' },
    });
  }
  await pool.close();
  expect(peer.connections).toBe(0);
});

test('C1 a scope listens to its caller once, while it has exchanges', async () => {
  const controller = new AbortController();
  const listeners = () => listenersOf(controller.signal, 'abort');
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1, maxInFlight: 1 });
  const scope = pool.withCaller(controller.signal);
  expect(listeners()).toBe(0);
  const handles = Array.from({ length: 1000 }, () => scope.get(peer.origin));
  expect(listeners()).toBe(1);
  for (const handle of handles) pool.cancel(handle);
  expect(listeners()).toBe(0);
  await pool.close();
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('C1 a scope dies with the caller it was made for, and not the other way round', async () => {
  const controller = new AbortController();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const [first, second] = [pool.withCaller(controller.signal), pool.withCaller(controller.signal)];
  const handles = [first.get(peer.origin), second.get(peer.origin)] as const;
  await Promise.all([peer.connection(), peer.connection()]);
  first[Symbol.dispose]();
  expect(await codeOf(pool.await(handles[0]))).toBe('ERR_CALLER_DIED');
  expect(second.scope.dead).toBe(false);
  expect(pool.stats().inFlight).toBe(1);
  controller.abort();
  expect(second.scope.dead).toBe(true);
  expect(await codeOf(pool.await(handles[1]))).toBe('ERR_CALLER_DIED');
  expect(listenersOf(controller.signal, 'abort')).toBe(0);
});

test('C1 the scope of one pool is a caller for another', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  await using other = createPool({ workers: 1 });
  const scope = pool.withCaller();
  const handle = other.get(peer.origin, { caller: scope.scope });
  await peer.connection();
  scope[Symbol.dispose]();
  expect(await codeOf(other.await(handle))).toBe('ERR_CALLER_DIED');
});

test('C1 a scope that is disposed dies for all, whatever one that listens to it throws', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  using seen = collectUnhandled();
  const scope = pool.withCaller();
  const broken = new Error('the listener broke');
  scope.scope.onDeath(() => {
    throw broken;
  });
  const handle = scope.get(peer.origin);
  scope[Symbol.dispose]();
  expect(await codeOf(pool.await(handle))).toBe('ERR_CALLER_DIED');
  await settled();
  expect(seen.exceptions).toEqual([broken]);
});
