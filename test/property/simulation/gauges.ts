/** `stats()` against the model: gauges, limits and totals (S2, H6). */

import { AssertionError } from 'node:assert';
import type { PoolStats } from '../../../src/index.ts';
import type { SimulatedLimits } from './limits.ts';
import type { Population } from './population.ts';
import type { Starts } from './starts.ts';

/** Whether a worker can take one more. */
export function hasRoom(
  worker: PoolStats['workers'][number],
  { maxInFlight }: SimulatedLimits,
): boolean {
  return worker.state === 'up' && worker.inFlight < maxInFlight;
}

/** Whether the next exchange can neither run nor wait (H6). */
export function isFull({ queued, workers }: PoolStats, limits: SimulatedLimits): boolean {
  if (queued < limits.queueLimit) return false;
  return queued > 0 || !workers.some((worker) => hasRoom(worker, limits));
}

/** What a pool is looked at with. */
export interface Sight {
  readonly population: Population;
  readonly limits: SimulatedLimits;
  readonly starts: Starts;
}

/** Throws when a gauge is not the model's, or somebody waits while a worker has room. */
export function checkGauges(stats: PoolStats, sight: Sight): void {
  const { population, limits } = sight;
  let queued = 0;
  let uploads = 0;
  const atOrigin = new Map<string, number>();
  for (const { isQueued, expectation, plan } of population.all()) {
    if (isQueued) queued += 1;
    else atOrigin.set(plan.origin, (atOrigin.get(plan.origin) ?? 0) + 1);
    if (expectation.uploading) uploads += 1;
  }
  const said = `${stats.queued} ${stats.inFlight} ${stats.openUploads}`;
  const meant = `${queued} ${population.size - queued} ${uploads}`;
  if (said !== meant) broken(`S2 queued, in flight, uploads ${said} instead of ${meant}`);
  const onWorker = new Map(stats.workers.map(({ id, inFlight }) => [id, inFlight]));
  const running = [...onWorker.values()].reduce((sum, count) => sum + count, 0);
  if (running !== stats.inFlight) broken(`S2 ${running} on workers of ${stats.inFlight}`);
  limits.perWorker.check(onWorker);
  limits.perOrigin.check(atOrigin);
  checkWaiting(stats, sight, atOrigin);
}

/** H6, H9: who could run does not wait. */
function checkWaiting(
  stats: PoolStats,
  { population, limits, starts }: Sight,
  atOrigin: ReadonlyMap<string, number>,
): void {
  if (limits.hasRates || limits.isPaused) return;
  if (!stats.workers.some((worker) => hasRoom(worker, limits))) return;
  // One at a time an origin can take at least, whatever was found out about it.
  const most = limits.current.adaptive === true ? 1 : limits.maxPerOrigin;
  for (const { isQueued, plan } of population.all()) {
    if (!isQueued || (atOrigin.get(plan.origin) ?? 0) >= most) continue;
    if (starts.isLeftAlone(plan.origin)) continue;
    broken(`H6 exchange ${plan.id} waits while a worker and its origin have room`);
  }
}

/** Throws when the totals are not what was counted. */
export function checkTotals(
  { done, error }: PoolStats['totals'],
  counted: ReadonlyMap<string, number>,
): void {
  const said = new Map<string, number>(Object.entries({ ...error, ...(done > 0 ? { done } : {}) }));
  for (const outcome of new Set([...said.keys(), ...counted.keys()])) {
    const [told, meant] = [said.get(outcome) ?? 0, counted.get(outcome) ?? 0];
    if (told !== meant) broken(`S2 ${told} ended in ${outcome} instead of ${meant}`);
  }
}

function broken(message: string): never {
  throw new AssertionError({ message });
}
