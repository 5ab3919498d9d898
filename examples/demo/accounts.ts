/**
 * The last act: the pool's own numbers and the server's must agree with what the demo did.
 *
 * Invariant: exact equality everywhere. One exchange lost, doubled or left behind shows here.
 */

import type { PoolStats } from '../../src/index.ts';
import type { Summary } from './control.ts';
import type { Act } from './pipeline.ts';

/** What the demo asked for and how it ended. */
export interface Expected {
  readonly done: number;
  readonly error: Readonly<Record<string, number>>;
}

export function claimStats({ pool, ledger }: Act, expected: Expected): void {
  const stats = pool.stats();
  ledger.claim(
    'stats: nothing queued, in flight or uploading, in the pool or any worker',
    gauges(stats).every((gauge) => gauge === 0),
    stats,
  );
  const wanted = JSON.stringify(occurred(expected.error));
  ledger.claim(
    `stats: ${expected.done} done, errors ${wanted}, and nothing else`,
    stats.totals.done === expected.done && JSON.stringify(occurred(stats.totals.error)) === wanted,
    stats.totals,
  );
}

/** The server counted on its own: no request was lost on the way to it, and none came twice. */
export function claimCounts(
  { ledger }: Act,
  counted: Summary,
  expected: { readonly small: number; readonly reports: number },
): void {
  ledger.claim(
    `server: it counted ${expected.small} small requests and ${expected.reports} others, no more`,
    counted.small === expected.small && counted.reports === expected.reports,
    counted,
  );
}

export function statsLine({ pool }: Act): string {
  const { queued, inFlight, openUploads, workers, totals } = pool.stats();
  const states = workers.map(({ id, state, restarts }) => `${id} ${state}, restarts ${restarts}`);
  return (
    `pool.stats(): queued ${queued}, inFlight ${inFlight}, openUploads ${openUploads}; ` +
    `workers: ${states.join('; ')}; done ${totals.done}, errors ${JSON.stringify(totals.error)}`
  );
}

function gauges(stats: PoolStats): number[] {
  return [
    stats.queued,
    stats.inFlight,
    stats.openUploads,
    ...stats.workers.flatMap((worker) => [worker.inFlight, worker.openUploads]),
  ];
}

/** In the order of their names; codes that never occurred may be absent or zero. */
function occurred(counts: Readonly<Record<string, number | undefined>>): Record<string, number> {
  const entries = Object.entries(counts).flatMap(([code, count]): [string, number][] =>
    count === undefined || count === 0 ? [] : [[code, count]],
  );
  return Object.fromEntries(entries.toSorted(([left], [right]) => left.localeCompare(right)));
}
