/**
 * How fast a peer sends responses of 1xx. A server that works for an hour may send one every few
 * seconds to say so; one that sends them without end keeps its reader busy for nothing (N11).
 */

/** More than anybody has a use for in that time. */
const MOST_HINTS = 64;
const HINTS_MS = 1_000;

export class HintRate {
  #count = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  /** Counts one; whether that is too fast. */
  exceeds(nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= HINTS_MS) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count > MOST_HINTS;
  }
}
