/**
 * The workers of a simulated pool as the world sees them: their dispatchers, what breaks them, and
 * the model of a death: who ends, who moves, and when the pool gives up (W1–W3).
 */

import type { PoolOptions } from '../../../src/index.ts';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import type { Journal } from './journal.ts';
import type { Population } from './population.ts';
import type { Random } from './random.ts';
import type { Subject } from './subject.ts';
import { SimulatedDispatcher } from './transport.ts';

export interface WorkersOptions {
  readonly population: Population;
  readonly random: Random;
  readonly journal: Journal;
  readonly now: () => number;
  readonly pool: PoolOptions;
}

export class SimulatedWorkers {
  /** Whether the pool has given up: its workers died too often. */
  failed = false;
  readonly #options: WorkersOptions;
  /** The dispatcher that each worker has now. */
  readonly #dispatchers = new Map<number, SimulatedDispatcher>();
  readonly #deathsMs: number[] = [];

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  /** The transport of a worker, for the options of the pool. */
  readonly make = ({ id }: { readonly id: number }): SimulatedDispatcher => {
    const { population, journal } = this.#options;
    const dispatcher = new SimulatedDispatcher(id, (wire) => {
      const subject = population.at(wire.options.path);
      if (subject === undefined) return;
      population.touch(subject);
      journal.note('dispatched', subject.plan.id, id);
      subject.dispatched(wire);
    });
    dispatcher.onFault = (path, error) => this.#faulted(id, path, error);
    this.#dispatchers.set(id, dispatcher);
    return dispatcher;
  };

  /** Some worker is killed. */
  kill(pool: RequestPool): void {
    const { random, journal } = this.#options;
    const { id, state } = random.pick(pool.stats().workers);
    journal.note('kill', id);
    if (state === 'up') this.#died(id);
    pool.killWorker(id);
  }

  /** The next dispatch of some worker throws. */
  fault(pool: RequestPool): void {
    const { random, journal } = this.#options;
    const { id } = random.pick(pool.stats().workers);
    const dispatcher = this.#dispatchers.get(id);
    if (dispatcher === undefined) return;
    journal.note('fault', id);
    dispatcher.fault = random.chance(0.3)
      ? Object.assign(new Error('this request is refused'), { code: 'UND_ERR_INVALID_ARG' })
      : new TypeError('the dispatcher is broken');
  }

  /** The dispatcher of some worker is destroyed behind its back. */
  destroy(pool: RequestPool): void {
    const { population, random, journal } = this.#options;
    const { id, state } = random.pick(pool.stats().workers);
    const dispatcher = this.#dispatchers.get(id);
    if (state !== 'up' || dispatcher === undefined) return;
    journal.note('gone', id);
    // It tells of its end through what it still holds; or else the next dispatch throws.
    const holds = [...population.all()].some(
      (subject) => this.#runsOn(subject, id) && subject.driven.wire?.over === false,
    );
    if (holds) this.#died(id);
    void dispatcher.destroy();
  }

  /** A dispatch is about to throw. */
  #faulted(worker: number, path: string, error: Error): void {
    const { population, journal } = this.#options;
    const subject = population.at(path);
    if (subject === undefined) return;
    population.touch(subject);
    journal.note('fault strikes', subject.plan.id, error.message);
    const code = 'code' in error ? error.code : undefined;
    if (code === 'UND_ERR_INVALID_ARG') {
      subject.expectation.times.dispatched();
      subject.expectation.failed('ERR_BAD_OPTIONS');
      return;
    }
    if (code === undefined) subject.expectation.failed('ERR_WORKER_DIED');
    this.#died(worker);
  }

  #died(id: number): void {
    const { population, journal, now, pool } = this.#options;
    for (const subject of population.all()) {
      if (!this.#runsOn(subject, id)) continue;
      population.touch(subject);
      journal.note('its worker dies', subject.plan.id, id);
      subject.workerDied();
    }
    const sinceMs = now() - (pool.restartWindow ?? 60_000);
    const recent = this.#deathsMs.filter((atMs) => atMs > sinceMs).length;
    this.#deathsMs.push(now());
    if (recent + 1 <= (pool.maxRestarts ?? 5)) return;
    this.failed = true;
    journal.note('the pool fails', id);
    population.touchAll();
    for (const subject of population.all()) {
      if (subject.isRunning) subject.expectation.stopped('ERR_POOL_FAILED');
    }
  }

  /** The pool is asked too: a timeout may have ended it a moment ago. */
  #runsOn(subject: Subject, worker: number): boolean {
    if (subject.outcome !== undefined || subject.driven.wire?.worker !== worker) return false;
    return subject.isRunning;
  }
}
