/** Callers whose own code throws: whatever they do, the handle ends, and nothing of it stays (H3). */

import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { CallerScope } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { codeOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
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
