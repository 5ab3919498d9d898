/** Workers that die too often: how fast they come back, and when the pool gives up. */

import type { Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { codeOf } from '../../helpers/ends.ts';
import { expectNoLeaks, snapshotResources } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';
import { until } from '../../helpers/until.ts';

describe('restarts', () => {
  test('W3 come twice as late each time, with jitter, the first within 100 ms', async () => {
    await using simulated = simulatedPool({ maxRestarts: 20 });
    const { pool, clock } = simulated;
    const delays: number[] = [];
    for (let death = 0; death < 9; death += 1) {
      pool.killWorker(1);
      const fromMs = clock.now();
      clock.advance((clock.nextDue ?? 0) - fromMs);
      expect(pool.stats().workers[0]?.state).toBe('up');
      delays.push(clock.now() - fromMs);
    }
    expect(delays).toEqual([37.5, 75, 150, 300, 600, 1_200, 2_400, 3_750, 3_750]);
    expect(pool.stats().workers[0]?.restarts).toBe(9);
  });

  test('W3 are quick again after restartWindow in peace', async () => {
    await using simulated = simulatedPool({ maxRestarts: 20 });
    const { pool, clock } = simulated;
    for (let death = 0; death < 7; death += 1) {
      pool.killWorker(1);
      clock.advance(10_000);
    }
    clock.advance(60_000);
    pool.killWorker(1);
    clock.advance(100);
    expect(pool.stats().workers[0]).toMatchObject({ state: 'up', restarts: 8 });
  });

  test('W3 one more than maxRestarts within restartWindow fails the pool, and every handle', async () => {
    await using peer = await scriptedPeer();
    await using simulated = simulatedPool({ workers: 2, maxInFlight: 1 });
    const { pool, clock } = simulated;
    for (let death = 0; death < 5; death += 1) {
      pool.killWorker(1);
      clock.advance(5_000);
    }
    const handles = [1, 2, 3].map(() => pool.get(peer.origin));
    const ends = handles.map((handle) => codeOf(pool.await(handle)));
    const connections = [await peer.connection(), await peer.connection()];
    for (const connection of connections) await connection.readHead();
    expect(pool.stats()).toMatchObject({ queued: 1, inFlight: 2 });
    pool.killWorker(2);
    expect(pool.stats().totals.error).toEqual({ ERR_POOL_FAILED: 2, ERR_WORKER_DIED: 1 });
    expect(await Promise.all(ends)).toEqual([
      'ERR_POOL_FAILED',
      'ERR_WORKER_DIED',
      'ERR_POOL_FAILED',
    ]);
    expect(pool.stats().workers).toMatchObject([{ state: 'stopped' }, { state: 'stopped' }]);
    expect(() => pool.get(peer.origin)).toThrow(
      expect.objectContaining({ code: 'ERR_POOL_FAILED' }),
    );
    // Nobody has to close what has failed: no connection and no timer is left.
    await peer.idle();
    await until(() => clock.pending === 0, 'a timer of the pool is left');
  });

  test('W3 deaths outside of restartWindow do not count', async () => {
    await using simulated = simulatedPool({ maxRestarts: 1, restartWindow: 10_000 });
    const { pool, clock } = simulated;
    for (let death = 0; death < 10; death += 1) {
      pool.killWorker(1);
      clock.advance(10_000);
    }
    expect(pool.stats().workers[0]).toMatchObject({ state: 'up', restarts: 10 });
  });

  test('W3 a transport that can never be made fails the pool with its error as cause', async () => {
    const dispatcher = (): Dispatcher => {
      throw new Error('no transport');
    };
    await using simulated = simulatedPool({ dispatcher });
    const { pool, clock } = simulated;
    const handle = pool.get('http://127.0.0.1:1/');
    const end = pool.await(handle).catch((error: unknown) => error);
    clock.advance(10_000);
    expect(await end).toMatchObject({
      code: 'ERR_POOL_FAILED',
      sent: false,
      cause: { message: 'no transport' },
    });
  });

  test('P1 close and destroy resolve after the pool has failed, as often as one likes', async () => {
    const before = snapshotResources();
    const pool = createPool({ maxRestarts: 0 });
    pool.killWorker(1);
    pool.killWorker(2);
    await Promise.all([pool.close(), pool.destroy(), pool.close({ timeout: 0 })]);
    await pool.destroy();
    expect(() => pool.get('http://a.test/')).toThrow(
      expect.objectContaining({ code: 'ERR_POOL_FAILED' }),
    );
    await expectNoLeaks(before);
  });
});
