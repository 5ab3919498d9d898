/** `stats()` against the model: gauges, limits and totals (S2, H6). */

import { AssertionError } from 'node:assert';
import type { PoolOptions, PoolStats } from '../../../src/index.ts';
import type { Population } from './population.ts';

const DEFAULT_IN_FLIGHT = 128;

/** Whether a worker can take one more. */
export function hasRoom(worker: PoolStats['workers'][number], options: PoolOptions): boolean {
  return worker.state === 'up' && worker.inFlight < (options.maxInFlight ?? DEFAULT_IN_FLIGHT);
}

/** Whether the next exchange can neither run nor wait (H6). */
export function isFull({ queued, workers }: PoolStats, options: PoolOptions): boolean {
  if (queued < (options.queueLimit ?? Number.POSITIVE_INFINITY)) return false;
  return queued > 0 || !workers.some((worker) => hasRoom(worker, options));
}

/** Throws when a gauge is not the model's, or somebody waits while a worker has room. */
export function checkGauges(stats: PoolStats, population: Population, options: PoolOptions): void {
  let queued = 0;
  let uploads = 0;
  for (const subject of population.all()) {
    if (subject.isQueued) queued += 1;
    if (subject.expectation.uploading) uploads += 1;
  }
  const said = `${stats.queued} ${stats.inFlight} ${stats.openUploads}`;
  const meant = `${queued} ${population.size - queued} ${uploads}`;
  if (said !== meant) broken(`S2 queued, in flight, uploads ${said} instead of ${meant}`);
  const { maxInFlight = DEFAULT_IN_FLIGHT } = options;
  let running = 0;
  for (const { inFlight } of stats.workers) {
    running += inFlight;
    if (inFlight > maxInFlight) broken(`H6 ${inFlight} on a worker of ${maxInFlight}`);
  }
  if (running !== stats.inFlight) broken(`S2 ${running} on workers of ${stats.inFlight}`);
  checkOrigins(stats, population, options);
}

/** H9: no origin has more than its part, and who could run does not wait. */
function checkOrigins(stats: PoolStats, population: Population, options: PoolOptions): void {
  const { maxPerOrigin = Number.POSITIVE_INFINITY } = options;
  const running = new Map<string, number>();
  for (const { isQueued, plan } of population.all()) {
    if (!isQueued) running.set(plan.origin, (running.get(plan.origin) ?? 0) + 1);
  }
  for (const [origin, count] of running) {
    if (count > maxPerOrigin) broken(`H9 ${count} run to ${origin} of ${maxPerOrigin}`);
  }
  if (hasRates(options) || !stats.workers.some((worker) => hasRoom(worker, options))) return;
  for (const { isQueued, plan } of population.all()) {
    if (!isQueued || (running.get(plan.origin) ?? 0) >= maxPerOrigin) continue;
    broken(`H6 exchange ${plan.id} waits while a worker and its origin have room`);
  }
}

/** Whether more than workers decides who runs, so that from outside only the pool can tell. */
export function hasGates(options: PoolOptions): boolean {
  return hasRates(options) || Number.isFinite(options.maxPerOrigin ?? Number.POSITIVE_INFINITY);
}

function hasRates({ rate, originRate }: PoolOptions): boolean {
  return rate !== undefined || originRate !== undefined;
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
