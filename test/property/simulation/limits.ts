/**
 * The limits of a simulated pool as they are now, changed and paused by chance, and what holds of
 * them: what runs above a limit that was lowered goes on until it ends, and nothing comes on top.
 */

import { AssertionError } from 'node:assert';
import type { PoolLimits, PoolOptions, RateLimit } from '../../../src/index.ts';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import type { Journal } from './journal.ts';
import type { Random } from './random.ts';

/** What a pool has where nothing else is asked for. */
const IN_FLIGHT = 128;

export class SimulatedLimits {
  /** Since when nothing new may start. */
  pausedMs = Number.NaN;
  readonly perWorker: Bound;
  readonly perOrigin: Bound;
  readonly #workers: number;
  #current: PoolOptions;

  constructor(pool: PoolOptions) {
    this.#current = pool;
    this.#workers = pool.workers ?? 2;
    this.perWorker = new Bound('H6', this.maxInFlight);
    this.perOrigin = new Bound('H9', this.maxPerOrigin);
  }

  get current(): PoolOptions {
    return this.#current;
  }

  get maxInFlight(): number {
    return this.#current.maxInFlight ?? IN_FLIGHT;
  }

  get maxPerOrigin(): number {
    return this.#current.maxPerOrigin ?? Number.POSITIVE_INFINITY;
  }

  get queueLimit(): number {
    return this.#current.queueLimit ?? Number.POSITIVE_INFINITY;
  }

  get isPaused(): boolean {
    return !Number.isNaN(this.pausedMs);
  }

  get hasRates(): boolean {
    const { rate, originRate } = this.#current;
    return isRate(rate) || isRate(originRate);
  }

  /** Whether more than workers decides who runs, so that from outside only the pool can tell. */
  get hasGates(): boolean {
    return this.isPaused || this.hasRates || Number.isFinite(this.maxPerOrigin);
  }

  pause(pool: RequestPool, journal: Journal, nowMs: number): void {
    journal.note('pause', 0);
    if (!this.isPaused) this.pausedMs = nowMs;
    pool.pause();
  }

  resume(pool: RequestPool, journal: Journal): void {
    journal.note('resume', 0);
    this.resumed();
    pool.resume();
  }

  /** A pool that closes goes on by itself. */
  resumed(): void {
    this.pausedMs = Number.NaN;
  }

  /** Some of the limits are other ones from now on. */
  change(pool: RequestPool, journal: Journal, random: Random): void {
    const limits = drawLimits(random, this.#workers);
    journal.note('limits', limits.maxInFlight ?? 0, limits.maxPerOrigin ?? 0);
    this.#current = { ...this.#current, ...limits };
    this.perWorker.change(this.maxInFlight);
    this.perOrigin.change(this.maxPerOrigin);
    pool.setLimits(limits);
  }
}

/** How many may run somewhere. */
export class Bound {
  readonly #clause: string;
  readonly #counts = new Map<string | number, number>();
  #limit: number;
  /** The highest limit since the last look. */
  #most: number;

  constructor(clause: string, limit: number) {
    this.#clause = clause;
    this.#limit = limit;
    this.#most = limit;
  }

  change(limit: number): void {
    this.#limit = limit;
    this.#most = Math.max(this.#most, limit);
  }

  /** Throws where more run than may, or than ran there before. */
  check(counts: ReadonlyMap<string | number, number>): void {
    for (const [where, count] of counts) {
      const most = Math.max(this.#most, this.#counts.get(where) ?? 0);
      if (count <= most) continue;
      throw new AssertionError({ message: `${this.#clause} ${count} run at ${where} of ${most}` });
    }
    this.#counts.clear();
    for (const [where, count] of counts) this.#counts.set(where, count);
    this.#most = this.#limit;
  }
}

/** Limits that a pool of so many workers can have. */
export function drawLimits(random: Random, workers: number): PoolLimits {
  const maxInFlight = random.pick([1, 2, 10, 128]);
  const some = Math.min(workers * maxInFlight, random.pick([1, 5]));
  const isBounded = random.chance(0.5);
  return {
    maxInFlight,
    queueLimit: random.pick([0, 3, 50, 1_000]),
    maxPerOrigin: isBounded ? some : Number.POSITIVE_INFINITY,
    adaptive: isBounded && random.chance(0.5),
    rate: random.chance(0.1) ? drawRate(random) : NO_RATE,
    originRate: random.chance(0.1) ? drawRate(random) : NO_RATE,
    tenants: { large: random.pick([1, 10]), small: random.pick([0.1, 1]) },
  };
}

const NO_RATE: RateLimit = { limit: Number.POSITIVE_INFINITY, interval: 1_000 };

function drawRate(random: Random): RateLimit {
  return { limit: random.between(1, 50), interval: random.pick([100, 1_000, 60_000]) };
}

function isRate(rate: RateLimit | undefined): boolean {
  return rate !== undefined && Number.isFinite(rate.limit);
}
