/**
 * Exchanges through storms of faults, for as long as one likes:
 *
 *     npm run soak -- --minutes 10 [--seed 1]
 *     npm run soak -- --real --minutes 10 [--seed 1]
 *     npm run soak -- --threads --minutes 1
 *
 * By default everything is simulated and a seed replays exactly; with `--real` a server in a process
 * of its own misbehaves over HTTP/1.1 and HTTP/2, and workers are killed; with `--threads` one of
 * four threads is told to die every 50 ms in one of the ways there are (see
 * `test/helpers/thread-storm`).
 *
 * It stops at the first thing that is not as it must be, with the seed and the last events, and else
 * when the time is over; either way the process then exits by itself.
 */

import { parseArgs } from 'node:util';
import { SimulationError } from '../test/property/simulation/simulate.ts';
import { soakReal } from './soak/real.ts';
import { soakSimulated } from './soak/simulated.ts';
import { soakThreads } from './soak/threads.ts';

const MINUTE_MS = 60_000;
/** In which the process has to exit by itself. */
const EXIT_MS = 10_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    real: { type: 'boolean', default: false },
    threads: { type: 'boolean', default: false },
  },
});
const durationMs = Number(values.minutes) * MINUTE_MS;
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(durationMs > 0) || !Number.isInteger(seed)) {
  throw new RangeError(`minutes ${values.minutes} and seed ${values.seed} must be numbers above 0`);
}

try {
  if (values.threads) await soakThreads(durationMs);
  else if (values.real) await soakReal({ seed, durationMs });
  else await soakSimulated(seed, durationMs);
  console.log('every invariant held');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  const again = error instanceof SimulationError ? error.seed : seed;
  console.error(`again with the same mode and --seed ${again}`);
  process.exitCode = 1;
}

// What is left would keep the process; this timer alone does not.
setTimeout(() => {
  console.error(`P2 the process does not exit: ${process.getActiveResourcesInfo().join(' ')}`);
  process.exit(1);
}, EXIT_MS).unref();
