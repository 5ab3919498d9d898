/**
 * Waits until the real pool is where the model says, and fails when it cannot get there.
 *
 * A difference is either not yet there (a byte under way) or wrong for ever (a message too many).
 * The first is waited for, under a watchdog whose text says what is missing; the second fails at
 * once. Waiting is turns of the event loop: nothing sleeps, and the pool's clock stands still.
 */

import { AssertionError } from 'node:assert';
import { gaugesOf } from '../../helpers/ends.ts';
import { settled } from '../../helpers/leaks.ts';
import { checkSoFar } from '../invariants.ts';
import { compareExchange } from './compare-exchange.ts';
import type { PoolModel } from './pool-model.ts';
import type { World } from './world.ts';

/**
 * How long what the model says must come may take, on a machine that has other things to do; and
 * where a thread has to start for it.
 */
const PATIENCE_MS = 10_000;
const THREADS_MS = 30_000;

/** Differences between the model and the pool. */
export interface Differences {
  /** May still come. */
  readonly missing: string[];
  /** Can never be right any more. */
  readonly wrong: string[];
}

export async function settle(model: PoolModel, world: World): Promise<void> {
  const patienceMs = world.threads === undefined ? PATIENCE_MS : THREADS_MS;
  const untilMs = performance.now() + patienceMs;
  // What is known already is known to promises a moment later.
  await settled(1);
  let isSure = world.threads === undefined;
  for (;;) {
    const { missing, wrong } = compare(model, world);
    if (wrong.length > 0) fail('the pool contradicts the model', wrong, world);
    if (missing.length === 0 && isSure) {
      checkLedgers(model, world);
      world.receivedBytes = receivedBy(world);
      for (const { response } of model.exchanges) response.arriving = 0;
      return;
    }
    if (performance.now() > untilMs) fail('what must come does not come', missing, world);
    await settled(1);
    if (missing.length > 0 || isSure) continue;
    // What threads are still told, and what comes of it.
    await world.threads?.echo('up');
    isSure = true;
  }
}

/** Time passes for the model and the pool, from one thing that is due to the next. */
export async function passTime(model: PoolModel, world: World, ms: number): Promise<void> {
  const untilMs = model.nowMs + ms;
  await settle(model, world);
  while (model.nowMs < untilMs) {
    await world.threads?.echo('all');
    const nextMs = Math.min(model.nextDueMs, world.nextStopMs, untilMs);
    world.clock.advance(nextMs - model.nowMs);
    model.passTo(nextMs);
    // Who ran on a thread that is deaf, before it is found to be so.
    model.learn();
    await settle(model, world);
  }
}

function compare(model: PoolModel, world: World): Differences {
  const differences: Differences = { missing: [], wrong: [] };
  model.learn();
  for (const exchange of model.exchanges) compareExchange(exchange, world, model, differences);
  compareReceived(model, world, differences);
  if (differences.missing.length === 0 && differences.wrong.length === 0) {
    compareGauges(model, world, differences);
  }
  for (const id of world.peer.doubled) differences.wrong.push(`${id} was sent twice`);
  return differences;
}

function checkLedgers(model: PoolModel, world: World): void {
  for (const { id, response } of model.exchanges) {
    const { granted, readBytes } = response;
    checkSoFar(world.real(id).ledger(id, granted + readBytes, world.peer.requests.get(id)));
  }
}

/** A body that is not delivered as it comes shows only here that it has come. */
function compareReceived(model: PoolModel, world: World, { missing, wrong }: Differences): void {
  const before = world.receivedBytes;
  let least = before;
  let most = 0;
  for (const { response } of model.exchanges) {
    least += response.arriving;
    most += response.receivable;
  }
  const real = receivedBy(world);
  if (real < least) missing.push(`S2 ${real} bytes were received, not ${least}`);
  if (real > most) wrong.push(`F2 ${real} bytes were received, and not at most ${most}`);
}

function receivedBy(world: World): number {
  const { workers } = world.pool.stats();
  return workers.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
}

function compareGauges(model: PoolModel, world: World, { missing, wrong }: Differences): void {
  const uploading = (exchanges: PoolModel['live']): number =>
    exchanges.filter(({ upload }) => upload?.isUploading === true).length;
  const queued = model.admission.line.length;
  const running = model.running.length;
  const expected = {
    queued,
    inFlight: running,
    openUploads: uploading(model.live),
    running,
    uploading: uploading(model.running),
  };
  const real = gaugesOf(world.pool);
  const isKnown = model.isTimeKnown;
  for (const name of ['queued', 'inFlight', 'running', 'openUploads', 'uploading'] as const) {
    if (!isKnown && (name === 'openUploads' || name === 'uploading')) continue;
    if (real[name] !== expected[name]) {
      wrong.push(`S2 ${name} is ${real[name]}, not ${expected[name]}`);
    }
  }
  const stats = world.pool.stats();
  const states = stats.workers.map(({ id, inFlight, state }) => {
    if (inFlight > model.options.maxInFlight) wrong.push(`H6 worker ${id} runs ${inFlight}`);
    return state === 'up';
  });
  const isStopped = model.isOver || model.life === 'failed';
  states.forEach((isUp, index) => {
    const shouldBeUp = !isStopped && model.workers.isUp(index + 1);
    if (isUp !== shouldBeUp) missing.push(`W1 worker ${index + 1} is ${isUp ? 'up' : 'not up'}`);
  });
  if (!isStopped) {
    const restarts = stats.workers.map((worker) => worker.restarts);
    if (String(restarts) !== String(model.workers.restarts)) {
      wrong.push(`W1 restarts are ${restarts}, not ${model.workers.restarts}`);
    }
  }
  if (model.isOverdue) missing.push('W4 a thread that is deaf has not been found');
  compareTotals(model, stats.totals, wrong);
  for (const { outcome } of world.closes) {
    if (outcome !== undefined && !model.isOver) wrong.push('P1 close resolved before the end');
    const mayWait = world.hasDeafThreads;
    if (outcome === undefined && model.isOver && !mayWait)
      missing.push('P1 close has not resolved');
  }
}

function compareTotals(
  model: PoolModel,
  totals: ReturnType<World['pool']['stats']>['totals'],
  wrong: string[],
): void {
  const counts = new Map<string, number>([['done', 0]]);
  for (const { outcome } of model.exchanges) {
    if (outcome !== undefined) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  for (const [outcome, count] of counts) {
    const real =
      outcome === 'done' ? totals.done : totals.error[outcome as keyof typeof totals.error];
    if (real !== count) wrong.push(`S2 ${real} ended as ${outcome}, not ${count}`);
  }
}

function fail(what: string, differences: readonly string[], world: World): never {
  const states = [...world.exchanges.keys()].map((id) => {
    const { type } = world.flight(id).state;
    return `${id} ${type === 'settled' ? (world.codeOf(id) ?? 'done') : type}`;
  });
  const lines = [`${what}:`, ...differences, `(${states.join(', ')})`];
  throw new AssertionError({ message: lines.join('\n  ') });
}
