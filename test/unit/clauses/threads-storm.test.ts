/** Threads that die all the time, in every way there is, under load in both directions. */

import { expect, test } from 'vitest';
import { threadStorm } from '../../helpers/thread-storm.ts';

test('H3 every exchange ends once while threads die in every way, and nothing is left', async () => {
  const storm = await threadStorm({ ms: 3_000, workers: 2, inFlight: 20, everyMs: 100 });
  expect(storm.faults).toEqual([]);
  expect(Object.keys(storm.ends).sort()).toEqual(['ERR_WORKER_DIED', 'done']);
  // Six orders at least, of which some are for a thread that has been told before.
  expect(storm.restarts).toBeGreaterThanOrEqual(2);
  for (const [before, after] of [storm.descriptors, storm.threads]) {
    expect(after).toBeLessThanOrEqual(before);
  }
});
