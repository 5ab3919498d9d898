/**
 * Time as the pool sees it: a seam, real here and simulated in tests.
 *
 * Invariant: `now` never goes back, whatever happens to the wall clock.
 */

/** What a timer is like. */
export interface TimerOptions {
  /** Whether it keeps the process alive; by default it does. */
  readonly ref?: boolean;
}

/** Milliseconds of a monotonic clock, and timers on it. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number, options?: TimerOptions): unknown;
  clearTimeout(timer: unknown): void;
  /**
   * How much of the time since then, at most `WATCHED_MS` before a timer was due, this thread was too
   * busy to hear of anything.
   */
  missedSince(sinceMs: number): number;
}

/** For so long before it is due a timer watches whether its thread listens. */
export const WATCHED_MS = 100;

/**
 * Monotonic time of this process. Its timers keep the process alive while they are armed, where they
 * are not told otherwise. One that comes late lets what has arrived in the meantime be read first: it
 * may be what was waited for.
 */
export const realClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs, options) =>
    new RealTimer(callback, delayMs, options?.ref ?? true),
  // The seam hands timers around as `unknown`; only what `setTimeout` above returned comes back.
  clearTimeout: (timer) => (timer as RealTimer | undefined)?.clear(),
  missedSince: (sinceMs) => {
    let missedMs = 0;
    for (const { fromMs, toMs } of missed)
      missedMs += Math.max(0, toMs - Math.max(fromMs, sinceMs));
    return missedMs;
  },
};

/** How often a timer looks. */
const LOOK_MS = 10;
/** Node's own timers go no further, and fire at once past that. */
const LONGEST_MS = 2 ** 31 - 1;
/** A turn of the event loop may make it so late; what is more, the thread has missed. */
const LATE_MS = 15;
/** Later than this a timer comes only when its thread was busy. */
const BUSY_MS = 50;
/** So many turns are remembered. */
const TURNS = 64;

/** Of the long turns of this thread that a timer has noticed, what was missed. */
const missed: { readonly fromMs: number; readonly toMs: number }[] = [];
/** When any timer looked last. */
let lookedMs = 0;

class RealTimer {
  readonly #callback: () => void;
  readonly #dueMs: number;
  readonly #isRef: boolean;
  /** When it is to look next. */
  #nextMs = 0;
  #timeout: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(callback: () => void, delayMs: number, isRef: boolean) {
    const nowMs = performance.now();
    this.#callback = callback;
    this.#dueMs = nowMs + delayMs;
    this.#isRef = isRef;
    this.#wait(nowMs);
  }

  clear(): void {
    clearTimeout(this.#timeout);
    clearImmediate(this.#immediate);
  }

  #wait(nowMs: number): void {
    const restMs = this.#dueMs - nowMs;
    const isFar = restMs > WATCHED_MS;
    const pauseMs = isFar ? Math.min(restMs - WATCHED_MS, LONGEST_MS) : Math.min(restMs, LOOK_MS);
    this.#nextMs = nowMs + pauseMs;
    this.#timeout = setTimeout(this.#look, pauseMs);
    if (!this.#isRef) this.#timeout.unref();
  }

  readonly #look = (): void => {
    const nowMs = performance.now();
    noteTurn(this.#nextMs, nowMs);
    if (nowMs < this.#dueMs) this.#wait(nowMs);
    else if (nowMs - this.#dueMs > BUSY_MS) this.#immediate = setImmediate(this.#heard);
    else this.#callback();
  };

  readonly #heard = (): void => {
    noteTurn(lookedMs, performance.now());
    this.#callback();
  };
}

/** A timer that was to look at one time looks at another. */
function noteTurn(dueMs: number, nowMs: number): void {
  const fromMs = Math.max(dueMs, lookedMs) + LATE_MS;
  lookedMs = nowMs;
  if (nowMs <= fromMs) return;
  missed.push({ fromMs, toMs: nowMs });
  if (missed.length > TURNS) missed.shift();
}
