/**
 * Whether a peer moves as much as it is asked to (clause T4), as far as that is known from outside:
 * where an interval begins, but for the first, and what lies in buffers is the pool's own affair. So
 * there is a time from which on it may be too slow, and one from which on it is.
 */

import type { RequestOptions } from '../../../src/index.ts';

/** Resolution of the pool's timeouts. */
const TICK_MS = 8;

export class ExpectedThroughput {
  readonly #minimum: RequestOptions['minThroughput'];
  readonly #now: () => number;
  /** When the response began, or was read on. */
  #sinceMs = Number.NaN;
  /** When all timers last fired late: the interval of then was longer than it should be. */
  #leaptMs = Number.NEGATIVE_INFINITY;
  /** When a byte of the request may have moved last. */
  #sentMs = Number.NEGATIVE_INFINITY;
  #received: { readonly atMs: number; readonly bytes: number }[] = [];

  constructor(minimum: RequestOptions['minThroughput'], now: () => number) {
    this.#minimum = minimum;
    this.#now = now;
  }

  /** An interval begins. */
  begin(): void {
    this.#sinceMs = this.#now();
  }

  leapt(): void {
    this.#leaptMs = this.#now();
  }

  received(bytes: number): void {
    if (this.#minimum !== undefined) this.#received.push({ atMs: this.#now(), bytes });
  }

  maySend(): void {
    this.#sentMs = this.#now();
  }

  /** Whether a peer that is read may be found too slow now. */
  get mayBeTooSlow(): boolean {
    if (this.#minimum === undefined) return false;
    const { bytes, interval } = this.#minimum;
    return this.#now() - this.#sinceMs >= interval && this.#receivedIn(interval) < bytes;
  }

  /** Whether one that was read all the while must have been found so. */
  get isTooSlow(): boolean {
    if (this.#minimum === undefined) return false;
    const { bytes, interval } = this.#minimum;
    // Wherever in it an interval begins, it holds a whole one.
    const spanMs = 2 * (interval + TICK_MS);
    const nowMs = this.#now();
    const sinceMs = Math.max(this.#leaptMs, this.#sentMs, this.#sinceMs);
    const isSure = !Number.isNaN(this.#sinceMs) && nowMs - sinceMs > spanMs;
    return isSure && this.#receivedIn(spanMs) < bytes;
  }

  #receivedIn(spanMs: number): number {
    const fromMs = this.#now() - spanMs;
    return this.#received.reduce((sum, { atMs, bytes }) => sum + (atMs > fromMs ? bytes : 0), 0);
  }
}
