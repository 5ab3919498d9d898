/**
 * Interleaved rounds: A B C … A B C …, the first one discarded, so that whatever slows the machine
 * down slows all clients down, and the ratios hold where absolute times do not.
 *
 * Ratios are taken within a round, against the round's own reference, and their median counts.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One client's turn in one round. CPU is user and system time of this process, all threads. */
export interface Sample {
  readonly cpuUs: number;
  readonly wallMs: number;
}

export interface Contestant {
  readonly name: string;
  run(): Promise<void>;
}

/** Samples per client, one per counted round. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

export async function measureRounds(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Samples> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of contestants) {
      const sample = await measure(contestant);
      if (round > 0) samples.get(contestant.name)?.push(sample);
    }
  }
  return samples;
}

async function measure(contestant: Contestant): Promise<Sample> {
  // Nobody pays for the garbage of the one before.
  gc();
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  await contestant.run();
  const wallMs = performance.now() - wallBefore;
  const cpu = process.cpuUsage(cpuBefore);
  return { cpuUs: cpu.user + cpu.system, wallMs };
}

/** Runs `total` operations, `inFlight` at a time. */
export async function concurrently(
  total: number,
  inFlight: number,
  operation: () => Promise<void>,
): Promise<void> {
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started++ < total) await operation();
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median over the rounds of `of(own sample) / of(the reference's sample)`. */
export function medianRatio(
  own: readonly Sample[],
  reference: readonly Sample[],
  of: (sample: Sample) => number,
): number {
  return median(
    own.flatMap((sample, round) => {
      const other = reference[round];
      return other === undefined ? [] : [of(sample) / of(other)];
    }),
  );
}
