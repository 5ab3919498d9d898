/**
 * Time as the pool sees it: a seam, real here and simulated in tests.
 *
 * Invariant: `now` never goes back, whatever happens to the wall clock.
 */

/** Milliseconds of a monotonic clock, and timers on it. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Later than this a timer comes only when its thread was busy. */
const BUSY_MS = 50;

/**
 * Monotonic time of this process. Its timers keep the process alive while they are armed. One that
 * comes late lets what has arrived in the meantime be read first: it may be what was waited for.
 */
export const realClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => new RealTimer(callback, delayMs),
  // The seam hands timers around as `unknown`; only what `setTimeout` above returned comes back.
  clearTimeout: (timer) => (timer as RealTimer | undefined)?.clear(),
};

class RealTimer {
  readonly #timeout: NodeJS.Timeout;
  #immediate: NodeJS.Immediate | undefined;

  constructor(callback: () => void, delayMs: number) {
    const dueMs = performance.now() + delayMs;
    this.#timeout = setTimeout(() => {
      if (performance.now() - dueMs > BUSY_MS) this.#immediate = setImmediate(callback);
      else callback();
    }, delayMs);
  }

  clear(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
  }
}
