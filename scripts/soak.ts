/**
 * Exchanges through storms of faults, for as long as one likes:
 *
 *     npm run soak -- --minutes 10 [--seed 1]
 *
 * Everything is simulated (see `test/property/simulation/`), and one seed after another decides all
 * of it. It stops at the first thing that is not as it must be and prints the seed, which replays
 * it, and the last events; otherwise it ends by itself when the time is over.
 *
 *     npm run soak -- --threads --minutes 1
 *
 * is a storm of real threads instead: four of them, 200 exchanges in flight each way, one that dies
 * every 50 ms in one of the ways there are (see `test/helpers/thread-storm`).
 */

import { parseArgs } from 'node:util';
import { threadStorm } from '../test/helpers/thread-storm.ts';
import { type Simulated, simulate } from '../test/property/simulation/simulate.ts';

/** Exchanges of one seed: so many have to be replayed at most. */
const EXCHANGES = 10_000;
const PROGRESS_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What happened that is worth a column, and what it is called. */
const FAULTS: Readonly<Record<string, string>> = {
  kill: 'killed',
  'fault strikes': 'faulty',
  gone: 'destroyed',
  fail: 'broken',
  'peer: stalled': 'stalled',
  'peer: early': 'early',
  leap: 'slept',
  'its caller dies': 'orphaned',
  receiver_death: 'deaf',
  cancel: 'cancelled',
};

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    threads: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const firstSeed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(firstSeed)) {
  throw new RangeError(`minutes ${values.minutes} and seed ${values.seed} must be numbers above 0`);
}

const total = { exchanges: 0, simulatedMs: 0, pools: 0, faults: new Map<string, number>() };
const startMs = performance.now();
const untilMs = startMs + minutes * MINUTE_MS;
let shownMs = startMs;

function add(report: Simulated): void {
  total.exchanges += report.exchanges;
  total.simulatedMs += report.simulatedMs;
  total.pools += report.pools;
  for (const [what, name] of Object.entries(FAULTS)) {
    total.faults.set(name, (total.faults.get(name) ?? 0) + (report.counts[what] ?? 0));
  }
}

function show(seed: number): void {
  const seconds = (performance.now() - startMs) / 1_000;
  const faults = [...total.faults].map(([name, count]) => `${name} ${count}`).join(', ');
  console.log(
    `${seconds.toFixed(0)} s, seed ${seed}: ${total.exchanges} exchanges ` +
      `(${(total.exchanges / seconds).toFixed(0)}/s), ${total.pools} pools, ` +
      `${(total.simulatedMs / HOUR_MS).toFixed(0)} hours; ${faults}`,
  );
}

const isOver = (): boolean => performance.now() >= untilMs;

async function stormOfThreads(): Promise<void> {
  const ms = minutes * MINUTE_MS;
  const storm = await threadStorm({ ms, workers: 4, inFlight: 200, everyMs: 50 });
  console.log(storm);
  const left = [storm.descriptors, storm.threads].some(([before, after]) => after > before);
  if (storm.faults.length > 0 || left) process.exitCode = 1;
  else console.log('every exchange ended once, and nothing was left');
}

async function simulatedFaults(): Promise<void> {
  let seed = firstSeed;
  try {
    for (; !isOver(); seed += 1) {
      add(await simulate({ seed, exchanges: EXCHANGES, progress: isOver }));
      if (performance.now() - shownMs < PROGRESS_MS) continue;
      shownMs = performance.now();
      show(seed);
    }
    show(seed - 1);
    console.log('every invariant held');
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`replay with: npm run soak -- --seed ${seed}`);
    process.exitCode = 1;
  }
}

await (values.threads ? stormOfThreads() : simulatedFaults());
