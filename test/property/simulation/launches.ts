/** New exchanges, each with a plan drawn by chance, and what is known of their end at once. */

import { AssertionError } from 'node:assert';
import type { PoolStats } from '../../../src/index.ts';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import { DEAD, type SimulatedCallers } from './callers.ts';
import { hasRoom, isFull } from './gauges.ts';
import type { Journal } from './journal.ts';
import type { SimulatedLimits } from './limits.ts';
import { drawPlan, type Plan } from './plan.ts';
import type { Population } from './population.ts';
import type { Random } from './random.ts';
import type { Starts } from './starts.ts';
import type { Storm } from './storm.ts';
import { Subject } from './subject.ts';

export interface LaunchOptions {
  readonly random: Random;
  readonly journal: Journal;
  readonly now: () => number;
  readonly pool: RequestPool;
  readonly limits: SimulatedLimits;
  readonly starts: Starts;
  readonly population: Population;
  readonly callers: SimulatedCallers;
}

export class Launches {
  /** Id of the next exchange. */
  nextId: number;
  readonly #options: LaunchOptions;

  constructor(options: LaunchOptions, firstId: number) {
    this.#options = options;
    this.nextId = firstId;
  }

  launch(storm: Storm): void {
    const { random, journal, pool, limits, population, callers } = this.#options;
    const plan = this.#draw(storm);
    const dead = plan.hasCaller && random.chance(0.02);
    const aborted = plan.hasSignal && random.chance(0.02);
    const subject = this.#subject(plan, {
      caller: dead ? DEAD : callers.caller,
      signal: aborted ? DEAD : callers.signal,
    });
    const stats = pool.stats();
    journal.note('launch', plan.id, `${plan.receiver} ${plan.body}`);
    journal.note(`peer: ${plan.fault}`, plan.id);
    population.add(subject);
    const { hasGates, queueLimit } = limits;
    if (dead) subject.expectation.stopped('ERR_CALLER_DIED');
    else if (aborted) subject.expectation.stopped('ERR_CANCELLED');
    else if (!hasGates && isFull(stats, limits)) subject.expectation.failed('ERR_OVERLOAD');
    subject.launch();
    if (subject.outcome !== undefined || subject.isRunning) return;
    // Whether its gate was closed is the pool's to say; that the queue was full is seen here.
    if (hasGates && stats.queued >= queueLimit) subject.expectation.failed('ERR_OVERLOAD');
    if (this.#isSurelyOpen(plan.origin, stats)) {
      throw new AssertionError({ message: `H6 an idle pool refuses exchange ${plan.id}` });
    }
  }

  /** Whether nothing but time could keep anybody from running, and does not. */
  #isSurelyOpen(origin: string, stats: PoolStats): boolean {
    const { limits, starts } = this.#options;
    if (limits.isPaused || limits.hasRates || starts.isLeftAlone(origin)) return false;
    const isIdle = stats.queued === 0 && stats.inFlight === 0;
    return isIdle && stats.workers.some((worker) => hasRoom(worker, limits));
  }

  /** A pool that ends admits nothing more (P1). */
  expectRefusal(storm: Storm): void {
    const { caller, signal } = this.#options.callers;
    const late = this.#subject(this.#draw(storm), { caller, signal });
    try {
      late.launch();
    } catch {
      return;
    }
    throw new AssertionError({ message: 'P1 a pool that ends admits' });
  }

  #draw(storm: Storm): Plan {
    const plan = drawPlan(this.nextId, this.#options.random, storm);
    this.nextId += 1;
    return plan;
  }

  #subject(
    plan: Plan,
    who: { readonly caller: AbortController; readonly signal: AbortController },
  ): Subject {
    const { pool, now, starts } = this.#options;
    return new Subject(pool, plan, { now, starts, ...who });
  }
}
