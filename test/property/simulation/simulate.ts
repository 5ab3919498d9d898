/**
 * A whole simulation from one seed: pools of all sizes, one after another, each through changing
 * weather, until as many exchanges as wanted have ended.
 */

import type { PoolOptions } from '../../../src/index.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { Journal } from './journal.ts';
import { drawLimits } from './limits.ts';
import { Random } from './random.ts';
import { STORMS, type Storm } from './storm.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  /** Enough after this many exchanges; the pool that runs then is ended. */
  readonly exchanges: number;
  /** Called now and then; returns whether it is enough. */
  readonly progress?: (report: Simulated) => boolean;
}

export interface Simulated {
  readonly seed: number;
  readonly pools: number;
  readonly exchanges: number;
  readonly simulatedMs: number;
  /** How many exchanges ended how. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How often what happened; peers by the way in which they misbehave. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of all that happened, in its order. */
  readonly digest: string;
}

/** A broken invariant, with what is needed to see it again. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
  readonly seed: number;

  constructor(seed: number, journal: Journal, cause: unknown) {
    const what = cause instanceof Error ? cause.message : String(cause);
    const id = /exchange (\d+)/.exec(what)?.[1];
    const lines = journal.last(LAST_EVENTS, id === undefined ? undefined : Number(id));
    super(`seed ${seed}: ${what}\n${lines.join('\n')}`, { cause });
    this.seed = seed;
  }
}

const PROGRESS_STEPS = 1_000;
const LAST_EVENTS = 60;

/** Runs one simulation; throws a `SimulationError` at the first thing that is not as it must be. */
export async function simulate(options: SimulationOptions): Promise<Simulated> {
  const { seed, exchanges, progress } = options;
  const random = new Random(seed);
  const clock = new ManualClock();
  const journal = new Journal(clock.now);
  const outcomes: Record<string, number> = {};
  let ended = 0;
  let pools = 0;
  let enough = false;
  const report = (): Simulated => ({
    seed,
    pools,
    exchanges: ended,
    simulatedMs: clock.now(),
    outcomes: { ...outcomes },
    counts: { ...journal.counts },
    digest: journal.digest,
  });
  const count = (outcome: string): void => {
    ended += 1;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  let firstId = 0;
  try {
    while (!enough) {
      pools += 1;
      const pool = drawPool(random);
      const crowd = random.pick([1, 4, 20, 100]);
      const world = new World({ random, clock, journal, pool, crowd, firstId, ended: count });
      let storm: Storm = random.pick(STORMS);
      for (let steps = random.size(20_000); steps > 0 && !world.failed && !enough; steps -= 1) {
        if (random.chance(0.001)) storm = random.pick(STORMS);
        await world.step(storm);
        enough = ended >= exchanges;
        if (steps % PROGRESS_STEPS === 0 && progress?.(report()) === true) enough = true;
      }
      await world.end(storm);
      firstId = world.nextId;
    }
  } catch (error) {
    throw new SimulationError(seed, journal, error);
  }
  return report();
}

function drawPool(random: Random): PoolOptions {
  const workers = random.pick([1, 2, 3]);
  const maxRestarts = random.pick([0, 5, 1_000_000]);
  return { workers, maxRestarts, ...drawLimits(random, workers) };
}
