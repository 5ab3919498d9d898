/** Callers whose own code throws: whatever they do, the handle ends, and nothing of it stays (H3). */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { CallerScope, HandleCalls, Pool, WatchableActor } from '../../../src/index.ts';
import { connectPool, createPool } from '../../../src/index.ts';
import { codeOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const BROKEN = new Error('the caller broke');

function fail(): never {
  throw BROKEN;
}

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

describe('H3 a caller that throws', () => {
  test('when it is let go takes no end from anybody', async () => {
    await using peer = await scriptedPeer();
    await using pool = createPool();
    const caller: CallerScope = { dead: false, onDeath: () => fail };
    const warned = once(process, 'warning');
    const handle = pool.get(peer.origin, { caller });
    const ended = pool.await(handle);
    (await peer.connection()).write(ANSWER);
    expect(await ended).toMatchObject({ status: 200 });
    expect(await warned).toMatchObject([{ code: 'SPOOL_CALLER_THREW' }]);
    expect(pool.stats()).toMatchObject({ inFlight: 0, totals: { done: 1 } });
  });

  test.each<readonly [string, () => CallerScope]>([
    ['when it is watched', () => ({ dead: false, onDeath: fail })],
    [
      'when it is asked',
      () => ({
        get dead(): boolean {
          return fail();
        },
        onDeath: () => () => {},
      }),
    ],
  ])('%s counts as dead', async (_when, make) => {
    await using peer = await scriptedPeer();
    await using pool = createPool();
    const handle = pool.get(peer.origin, { caller: make() });
    await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_CALLER_DIED' });
    expect(pool.stats()).toMatchObject({ inFlight: 0, queued: 0 });
    expect(peer.connections).toBe(0);
  });
});

test('H3 a body that throws when it is given up unread takes no end from anybody', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1, maxInFlight: 1 });
  const body = Object.assign(Readable.from(['some']), { destroy: fail });
  const handles = [pool.get(peer.origin), pool.post(peer.origin, { body }), pool.get(peer.origin)];
  const codes = handles.map((handle) => codeOf(pool.await(handle)));
  await pool.destroy();
  expect(await Promise.all(codes)).toEqual(Array(3).fill('ERR_POOL_DESTROYED'));
  expect(gaugesOf(pool)).toEqual(IDLE);
});

/** An actor that looks alive until it is watched: then it says that it is over. */
function lateActor(): WatchableActor {
  return {
    getSnapshot: () => ({ status: 'active' }),
    subscribe: ({ complete }) => {
      complete?.();
      return { unsubscribe: () => {} };
    },
  };
}

describe.each<readonly [string, (pool: Pool) => HandleCalls]>([
  ['here', (pool) => pool],
  ['in another thread', (pool) => connectPool(pool.port())],
])('C5 a caller %s that tells of its death when it is watched', (_where, callsOf) => {
  test('ends its exchange without touching the network', async () => {
    await using peer = await scriptedPeer();
    await using pool = createPool();
    const calls = callsOf(pool);
    const scope = calls.withCaller(lateActor());
    const handles = [
      calls.get(peer.origin, { caller: lateActor() }),
      calls.post(peer.origin, { caller: lateActor(), streamBody: true, replyTo: () => {} }),
      scope.get(peer.origin),
    ];
    const codes = await Promise.all(handles.map((handle) => codeOf(calls.await(handle))));
    expect(codes).toEqual(Array(3).fill('ERR_CALLER_DIED'));
    expect(gaugesOf(pool)).toEqual(IDLE);
    await pool.close();
    expect(peer.connections).toBe(0);
  });

  test('leaves its receiver alone, which has the response', async () => {
    await using peer = await scriptedPeer();
    await using pool = createPool();
    const calls = callsOf(pool);
    const { port1, port2 } = new MessageChannel();
    const replyTo = port1;
    const ended = calls.post(peer.origin, { caller: lateActor(), replyTo, streamBody: true });
    expect(await codeOf(calls.await(ended))).toBe('ERR_CALLER_DIED');
    expect(port1.listenerCount('close')).toBe(0);
    const handle = calls.get(peer.origin, { caller: lateActor(), replyTo });
    (await peer.connection()).write(ANSWER);
    expect(await calls.await(handle)).toMatchObject({ status: 200 });
    port2.close();
  });
});

test.each<readonly [string, (pool: Pool) => HandleCalls]>([
  ['here', (pool) => pool],
  ['in another thread', (pool) => connectPool(pool.port())],
])(
  'H3 a stream that fails while its request waits ends it, and not the process (%s)',
  async (_where, callsOf) => {
    await using peer = await scriptedPeer();
    await using pool = createPool();
    using seen = collectUnhandled();
    const calls = callsOf(pool);
    pool.pause();
    const body = createReadStream('/there/is/no/such/file');
    const handle = calls.post(peer.origin, { body });
    await new Promise<void>((resolve) => body.once('close', () => resolve()));
    pool.resume();
    await expect(calls.await(handle)).rejects.toMatchObject({
      code: 'ERR_CANCELLED',
      cause: { code: 'ENOENT' },
    });
    await settled();
    expect([seen.exceptions, seen.rejections]).toEqual([[], []]);
  },
);
