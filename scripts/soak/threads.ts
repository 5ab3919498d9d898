/** The soak of real threads: four of them, 200 exchanges in flight each way, an order to die every 50 ms. */

import { AssertionError } from 'node:assert';
import { fileURLToPath } from 'node:url';
import { threadStorm } from '../../test/helpers/thread-storm.ts';

/** What threads have compiled: one that starts from sources takes four times as long without. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/node', import.meta.url));

export async function soakThreads(ms: number): Promise<void> {
  process.env.NODE_COMPILE_CACHE ??= COMPILED;
  const storm = await threadStorm({ ms, workers: 4, inFlight: 200, everyMs: 50 });
  console.log(storm);
  console.log(`${((storm.restarts * 1_000) / ms).toFixed(1)} deaths a second`);
  const [fault] = storm.faults;
  if (fault !== undefined) throw new AssertionError({ message: fault });
  const left = [storm.descriptors, storm.threads].some(([before, after]) => after > before);
  if (left) throw new AssertionError({ message: 'P2 descriptors or threads are left' });
}
