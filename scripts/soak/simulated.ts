/**
 * The soak without a network: one seed after another through `test/property/simulation/`, until the
 * time is over.
 */

import { type Simulated, simulate } from '../../test/property/simulation/simulate.ts';

/** Exchanges of one seed: so many have to be replayed at most. */
const EXCHANGES = 10_000;
const PROGRESS_MS = 5_000;
const HOUR_MS = 3_600_000;

/** What happened that is worth a word, and which. */
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

export async function soakSimulated(firstSeed: number, durationMs: number): Promise<void> {
  const total = new Total();
  const untilMs = performance.now() + durationMs;
  const isOver = (): boolean => performance.now() >= untilMs;
  let shownMs = performance.now();
  let seed = firstSeed;
  for (; !isOver(); seed += 1) {
    total.add(await simulate({ seed, exchanges: EXCHANGES, progress: isOver }));
    if (performance.now() - shownMs < PROGRESS_MS) continue;
    shownMs = performance.now();
    console.log(total.line(seed));
  }
  console.log(total.line(seed - 1));
}

class Total {
  readonly #startMs = performance.now();
  readonly #faults = new Map<string, number>();
  #exchanges = 0;
  #pools = 0;
  #simulatedMs = 0;

  add({ exchanges, pools, simulatedMs, counts }: Simulated): void {
    this.#exchanges += exchanges;
    this.#pools += pools;
    this.#simulatedMs += simulatedMs;
    for (const [what, name] of Object.entries(FAULTS)) {
      this.#faults.set(name, (this.#faults.get(name) ?? 0) + (counts[what] ?? 0));
    }
  }

  line(seed: number): string {
    const seconds = (performance.now() - this.#startMs) / 1_000;
    const rate = (this.#exchanges / seconds).toFixed(0);
    const hours = (this.#simulatedMs / HOUR_MS).toFixed(0);
    const faults = [...this.#faults].map(([name, count]) => `${name} ${count}`).join(', ');
    return (
      `${seconds.toFixed(0)} s, seed ${seed}: ${this.#exchanges} exchanges (${rate}/s), ` +
      `${this.#pools} pools, ${hours} hours; ${faults}`
    );
  }
}
