/**
 * What it costs to wait for admission, by how many wait: CPU time of a request, heap of an exchange,
 * and what it takes to cancel them all. Each run has a process of its own; the lengths take turns.
 */

import { runOnce } from './child.ts';
import { median } from './measure.ts';

/** The order that a run's process gets. */
export interface QueueOrder {
  readonly origin: string;
  readonly waiting: number;
  readonly mode: 'drain' | 'keep';
}

export interface Drained {
  /** Of one request, from the call to the response; in microseconds. */
  readonly cpuUs: number;
}

export interface Kept {
  /** Of one exchange that waits, its handle included. */
  readonly heapBytes: number;
  /** CPU time of the thread from the first `cancel` until each `await` has rejected. */
  readonly cancelMs: number;
  /** The longest turn of the event loop meanwhile: the same, and whatever else the machine does. */
  readonly stallMs: number;
}

/** Medians over the rounds. */
export interface QueueRow extends Drained, Kept {
  readonly waiting: number;
  /** Of CPU time, to that of the shortest queue in the same round. */
  readonly cpuRatio: number;
}

const LENGTHS = [1_000, 10_000, 100_000];
export const QUEUE_ROUNDS = 1;

export async function measureQueue(origin: string, rounds: number): Promise<readonly QueueRow[]> {
  const runs = LENGTHS.map((): (Drained & Kept & { cpuRatio: number })[] => []);
  for (let round = 0; round < rounds; round += 1) {
    let shortest = Number.NaN;
    for (const [index, waiting] of LENGTHS.entries()) {
      const run = <Report>(mode: QueueOrder['mode']): Promise<Report> =>
        runOnce<QueueOrder, Report>('queue-probe.ts', { origin, waiting, mode });
      const drained = await run<Drained>('drain');
      const kept = await run<Kept>('keep');
      if (index === 0) shortest = drained.cpuUs;
      runs[index]?.push({ ...drained, ...kept, cpuRatio: drained.cpuUs / shortest });
    }
  }
  return LENGTHS.map((waiting, index) => {
    const of = (key: keyof Drained | keyof Kept | 'cpuRatio'): number =>
      median((runs[index] ?? []).map((run) => run[key]));
    return {
      waiting,
      cpuUs: of('cpuUs'),
      cpuRatio: of('cpuRatio'),
      heapBytes: of('heapBytes'),
      cancelMs: of('cancelMs'),
      stallMs: of('stallMs'),
    };
  });
}
