/** What the workers of a pool leave behind. */

import { expect, test } from 'vitest';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { ScriptedDispatcher } from '../../helpers/scripted-dispatcher.ts';

class Counted extends ScriptedDispatcher {
  destroyed = 0;

  override async destroy(): Promise<void> {
    this.destroyed += 1;
  }
}

test('P2 what a worker has open is closed once, also where its machine broke', async () => {
  const made: Counted[] = [];
  const clock = new ManualClock();
  let breaks = false;
  const now = (): number => {
    if (!breaks) return clock.now();
    breaks = false;
    throw new Error('the machine broke');
  };
  const dispatcher = (): Counted => {
    const one = new Counted();
    made.push(one);
    return one;
  };
  const { setTimeout, clearTimeout, missedSince } = clock;
  const seams = { clock: { now, setTimeout, clearTimeout, missedSince } };
  const pool = new RequestPool({ workers: 1, dispatcher }, seams);
  breaks = true;
  pool.killWorker(1);
  await settled();
  expect(made.map(({ destroyed }) => destroyed)).toEqual([1, 0]);
  pool.killWorker(1);
  clock.advance(100);
  await settled();
  expect(made.map(({ destroyed }) => destroyed)).toEqual([1, 1, 0]);
  expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: 2 }]);
  await pool.destroy();
  expect(made.map(({ destroyed }) => destroyed)).toEqual([1, 1, 1]);
});
