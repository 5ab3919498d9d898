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

/** Monotonic time of this process. Its timers keep the process alive while they are armed. */
export const realClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  // The seam hands timers around as `unknown`; only what `setTimeout` above returned comes back.
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
