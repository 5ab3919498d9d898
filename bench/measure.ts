/**
 * Interleaved rounds, the first ones discarded, so that whatever slows the machine down slows all
 * clients down, and the ratios hold where absolute times do not. Each round has an order of its own:
 * in a fixed one the same client would always pay for what the same neighbour left behind.
 *
 * No collection is forced in between: it would find no request alive, and V8 throws away optimized
 * code whose object shapes are dead, which no busy program sees.
 *
 * Ratios are taken within a round, against the round's own reference, and their median counts.
 */

/** One client's turn in one round. CPU is user and system time. */
export interface Sample {
  /** Of its process, all threads. */
  readonly cpuUs: number;
  /** Of the thread that made the requests. */
  readonly callerUs: number;
  readonly wallMs: number;
}

export interface Contestant {
  readonly name: string;
  turn(): Promise<Sample>;
}

/** Samples per client, one per counted round. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

export async function measureRounds(
  contestants: readonly Contestant[],
  { rounds, warmups }: { readonly rounds: number; readonly warmups: number },
): Promise<Samples> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -warmups; round < rounds; round++) {
    for (const contestant of shuffled(contestants)) {
      const sample = await contestant.turn();
      if (round >= 0) samples.get(contestant.name)?.push(sample);
    }
  }
  return samples;
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
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
