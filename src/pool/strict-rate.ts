/**
 * At most `limit` starts in any window of `interval` ms, wherever the window begins: it remembers
 * the starts of the last interval, and the next may come when the first of the last `limit` is an
 * interval ago.
 */

import type { RateLimit } from '../options.ts';

/** Starts forgotten before the list is cut. */
const CUT_AFTER = 1024;

export class StrictRate {
  #rate: RateLimit;
  /** Times of starts in their order; those before `#oldest` are forgotten. */
  #startsMs: number[] = [];
  #oldest = 0;

  constructor(rate: RateLimit) {
    this.#rate = rate;
  }

  /** Another limit from now on; the starts that are remembered count for it. */
  change(rate: RateLimit): void {
    this.#rate = rate;
  }

  /** When the next start may come; at once when that is not after now. */
  opensAtMs(nowMs: number): number {
    this.#forget(nowMs);
    const first = this.#startsMs.length - this.#rate.limit;
    const startMs = first < this.#oldest ? undefined : this.#startsMs[first];
    return startMs === undefined ? Number.NEGATIVE_INFINITY : startMs + this.#rate.interval;
  }

  /** A start now. */
  count(nowMs: number): void {
    this.#forget(nowMs);
    this.#startsMs.push(nowMs);
  }

  /** Whether no start is remembered. */
  isIdle(nowMs: number): boolean {
    this.#forget(nowMs);
    return this.#startsMs.length === 0;
  }

  #forget(nowMs: number): void {
    const starts = this.#startsMs;
    const sinceMs = nowMs - this.#rate.interval;
    while (this.#oldest < starts.length && (starts[this.#oldest] ?? 0) <= sinceMs)
      this.#oldest += 1;
    if (this.#oldest === starts.length) {
      if (this.#oldest > 0) this.#startsMs = [];
      this.#oldest = 0;
    } else if (this.#oldest > CUT_AFTER && this.#oldest * 2 > starts.length) {
      this.#startsMs = starts.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}
