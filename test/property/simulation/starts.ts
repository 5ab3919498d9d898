/**
 * Every start of a simulated pool, against the gates that it had to pass: rates, origins that ask to
 * be left alone, the pause of the pool.
 *
 * A start is seen when it is dispatched, a microtask later. In the instant in which a gate is shut
 * one may be on its way that had passed it before. What is thrown at a dispatch is the pool's to
 * catch: so what is wrong is kept until it is looked at.
 */

import { AssertionError } from 'node:assert';
import type { RateLimit } from '../../../src/index.ts';
import type { Journal } from './journal.ts';
import type { SimulatedLimits } from './limits.ts';

/** Resolution of the pool's timeouts. */
const TICK_MS = 8;

export class Starts {
  readonly #limits: SimulatedLimits;
  readonly #journal: Journal;
  readonly #now: () => number;
  #ofPool = new Recent();
  #wrong: string | undefined;
  #ofOrigin = new Map<string, Recent>();
  /** Origins that have asked to be left alone. */
  #left = new Map<string, { readonly fromMs: number; readonly untilMs: number }>();

  constructor(limits: SimulatedLimits, journal: Journal, now: () => number) {
    this.#limits = limits;
    this.#journal = journal;
    this.#now = now;
  }

  /** The limits are other ones: what was before says nothing of them. */
  limitsChanged(): void {
    this.#ofPool = new Recent();
    this.#ofOrigin = new Map();
    if (this.#limits.current.adaptive !== true) this.#left = new Map();
  }

  /** Throws when there was a start that the gates forbid. */
  check(): void {
    if (this.#wrong !== undefined) throw new AssertionError({ message: this.#wrong });
  }

  started(id: number, origin: string): void {
    const nowMs = this.#now();
    const { pausedMs, current } = this.#limits;
    if (pausedMs < nowMs) this.#broken(`H6 exchange ${id} starts in a pool that is paused`);
    const left = this.#left.get(origin);
    if (left !== undefined && left.fromMs < nowMs && nowMs < left.untilMs) {
      this.#broken(`H9 exchange ${id} starts at ${origin}, which asks to be left alone`);
    }
    const ofOrigin = this.#ofOrigin.get(origin) ?? new Recent();
    this.#ofOrigin.set(origin, ofOrigin);
    if (!this.#ofPool.isWithin(current.rate, nowMs)) {
      this.#broken(`H9 exchange ${id} exceeds the rate`);
    }
    if (!ofOrigin.isWithin(current.originRate, nowMs)) {
      this.#broken(`H9 exchange ${id} exceeds the rate of ${origin}`);
    }
  }

  /** An origin has answered, and may have asked to be left alone for a while. */
  answered(origin: string, status: number, retryAfterMs: number | undefined): void {
    const isOverload = status === 429 || status === 503;
    if (this.#limits.current.adaptive !== true || !isOverload || !retryAfterMs) return;
    this.#journal.note('left alone', 0, origin);
    const nowMs = this.#now();
    const before = this.#left.get(origin);
    const goesOn = before !== undefined && nowMs < before.untilMs;
    const untilMs = Math.max(before?.untilMs ?? 0, nowMs + retryAfterMs);
    this.#left.set(origin, { fromMs: goesOn ? before.fromMs : nowMs, untilMs });
  }

  /** Whether an origin is left alone now, or was a tick ago. */
  isLeftAlone(origin: string): boolean {
    const { untilMs } = this.#left.get(origin) ?? { untilMs: Number.NEGATIVE_INFINITY };
    return this.#now() <= untilMs + TICK_MS;
  }

  #broken(problem: string): void {
    this.#wrong ??= problem;
  }
}

/** Starts that a rate may count. */
class Recent {
  #atMs: number[] = [];

  /** Whether one more start now is within the rate; it is counted. */
  isWithin(rate: RateLimit | undefined, nowMs: number): boolean {
    if (rate === undefined || rate.limit === Number.POSITIVE_INFINITY) return true;
    this.#atMs = [...this.#atMs.filter((atMs) => atMs > nowMs - rate.interval), nowMs];
    return this.#atMs.length <= rate.limit;
  }
}
