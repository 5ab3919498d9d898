/**
 * One pool and all that happens to it: the world takes one step after another, each chosen by
 * chance within the weather, tells the model of it, and compares.
 *
 * Invariant: everything is decided by the random numbers it is given. Between steps run microtasks
 * or nothing; the clock moves only when nothing is under way.
 */

import { AssertionError } from 'node:assert';
import type { PoolOptions } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import type { ManualClock } from '../../helpers/manual-clock.ts';
import { Acts } from './acts.ts';
import { SimulatedCallers } from './callers.ts';
import { Ending } from './ending.ts';
import { checkGauges, checkTotals, isFull } from './gauges.ts';
import type { Journal } from './journal.ts';
import { Launches } from './launches.ts';
import { SimulatedLimits } from './limits.ts';
import { Population } from './population.ts';
import type { Random } from './random.ts';
import { Starts } from './starts.ts';
import type { Act, Storm } from './storm.ts';
import type { Subject } from './subject.ts';
import { turn } from './turn.ts';
import { SimulatedWorkers } from './workers.ts';

const HOUR_MS = 3_600_000;
/** Every so many settled steps all gauges are counted. */
const FULL_CHECK = 4;
/** Steps in which a pool that admits nothing more has to come to its end. */
const PATIENCE = 100_000;

export interface WorldOptions {
  readonly random: Random;
  readonly clock: ManualClock;
  readonly journal: Journal;
  readonly pool: PoolOptions;
  /** Exchanges at a time. */
  readonly crowd: number;
  /** Id of the first exchange. */
  readonly firstId: number;
  /** Called when an exchange is over. */
  readonly ended: (outcome: string) => void;
}

export class World {
  readonly #options: WorldOptions;
  readonly #pool: RequestPool;
  readonly #population = new Population();
  readonly #workers: SimulatedWorkers;
  readonly #callers: SimulatedCallers;
  readonly #totals = new Map<string, number>();
  readonly #limits: SimulatedLimits;
  readonly #starts: Starts;
  readonly #launches: Launches;
  readonly #acts: Acts;
  readonly #ending: Ending;
  #settles = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { clock, random, journal } = options;
    const population = this.#population;
    const { now } = clock;
    this.#workers = new SimulatedWorkers({ population, random, journal, now, pool: options.pool });
    this.#callers = new SimulatedCallers(population, journal);
    this.#limits = new SimulatedLimits(options.pool);
    this.#starts = new Starts(this.#limits, journal, now);
    this.#pool = new RequestPool(
      { ...options.pool, dispatcher: this.#workers.make },
      { clock, random: random.next },
    );
    this.#ending = new Ending(this.#pool, clock);
    const parts = {
      ...{ random, journal, now, population, callers: this.#callers },
      ...{ pool: this.#pool, limits: this.#limits, starts: this.#starts },
    };
    this.#launches = new Launches(parts, options.firstId);
    this.#acts = new Acts({ ...parts, workers: this.#workers });
  }

  /** Id of the next exchange. */
  get nextId(): number {
    return this.#launches.nextId;
  }

  /** Whether the pool has given up: its workers died too often. */
  get failed(): boolean {
    return this.#workers.failed;
  }

  /** The next thing happens. */
  async step(storm: Storm): Promise<void> {
    const { random } = this.#options;
    const act = this.#choose(storm);
    // Where it matters whether a worker has it already, that is settled first.
    if (SETTLED_FIRST.has(act)) await this.#settle();
    if (act === 'time' || act === 'leap') {
      this.#passTime(act);
      await this.#settle();
    } else if (act === 'launch') {
      this.#launches.launch(storm);
    } else {
      const seenLater = this.#acts.act(act);
      if (seenLater || random.chance(storm.settled)) await this.#settle();
    }
  }

  /** Ends the pool in one of its ways; after that nothing is left of it. */
  async end(storm: Storm): Promise<void> {
    const { random, journal } = this.#options;
    const way = random.pick(['close', 'close in time', 'destroy'] as const);
    await this.#settle();
    journal.note(way, this.#population.size);
    this.#limits.resumed();
    if (way === 'destroy') this.#stopAll();
    this.#ending.begin(way, random.between(0, 60_000));
    this.#launches.expectRefusal(storm);
    await this.#settle();
    const last = { ...storm, acts: { ...storm.acts, launch: 0, pause: 0, time: 20 } };
    for (let steps = 0; this.#population.size > 0; steps += 1) {
      if (steps > PATIENCE) broken(`H3 ${this.#population.size} exchanges never end`);
      await this.step(last);
    }
    await this.#ending.finish();
    checkTotals(this.#pool.stats().totals, this.#totals);
    if (this.#callers.listeners > 0) broken('C1 a listener is left');
  }

  #choose(storm: Storm): Act {
    const { random, crowd } = this.#options;
    const act = random.weighted(storm.acts);
    const { size } = this.#population;
    if (act !== 'launch') return size === 0 && storm.acts.launch > 0 ? 'launch' : act;
    if (size >= crowd || this.failed) return 'peer';
    // A few that are refused say as much as many.
    return isFull(this.#pool.stats(), this.#limits) && random.chance(0.8) ? 'peer' : act;
  }

  #passTime(act: Act): void {
    const { clock, journal, random } = this.#options;
    if (act === 'leap') {
      journal.note('leap', 0);
      clock.leap(random.size(5 * HOUR_MS));
      for (const { expectation } of this.#population.all()) expectation.throughput.leapt();
    } else {
      // Not beyond the next timer: what it starts is looked at before the clock moves on.
      const ms = random.chance(0.5) ? random.size(100) : random.size(30_000);
      const dueMs = clock.nextDue ?? Number.POSITIVE_INFINITY;
      clock.advance(Math.max(0, Math.min(ms, dueMs - clock.now())));
    }
    this.#population.touchAll();
    if (clock.now() < this.#ending.graceMs) return;
    // A timer among the others: a timeout that fell due with it may have come first.
    for (const { expectation } of this.#population.all()) {
      expectation.stopDue = 'ERR_POOL_DESTROYED';
    }
  }

  #stopAll(): void {
    this.#population.touchAll();
    for (const { expectation } of this.#population.all()) expectation.stopped('ERR_POOL_DESTROYED');
  }

  /** Lets all that is under way happen, then looks at all that were touched. */
  async #settle(): Promise<void> {
    await turn();
    this.#starts.check();
    const over: Subject[] = [];
    for (const subject of this.#population.takeTouched()) {
      const running = subject.isRunning;
      subject.check(running);
      if (!running) over.push(subject);
    }
    for (const subject of over) await this.#judge(subject);
    this.#settles += 1;
    if (this.#settles % FULL_CHECK > 0 && this.#population.size > 0) return;
    const [population, limits, starts] = [this.#population, this.#limits, this.#starts];
    checkGauges(this.#pool.stats(), { population, limits, starts });
  }

  async #judge(subject: Subject): Promise<void> {
    const { journal, ended } = this.#options;
    if (!this.#population.delete(subject)) return;
    const outcome = await subject.judge();
    this.#totals.set(outcome, (this.#totals.get(outcome) ?? 0) + 1);
    journal.note(outcome, subject.plan.id, subject.driven.messages.length);
    if (subject.expectation.wasTooSlow) journal.note('too slow', subject.plan.id);
    ended(outcome);
  }
}

const SETTLED_FIRST: ReadonlySet<Act> = new Set([
  'time',
  'leap',
  'caller_death',
  'receiver_death',
  'gone',
  'pause',
  'limits',
]);

function broken(message: string): never {
  throw new AssertionError({ message });
}
