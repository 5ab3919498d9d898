/**
 * The wait for a sign of life of a thread: whether it was silent, and not only unheard.
 *
 * Invariants: what has come in time is heard first, also where *this* thread was busy when the time
 * was over; a time in which the whole process was stopped, and the other thread with it, is waited
 * for again.
 */

import type { Clock, TimerOptions } from '../clock.ts';

/** A time in which a sign of life is due. */
export interface Due {
  readonly withinMs: number;
  /** Nothing has come. */
  readonly silent: () => void;
  /** The process was stopped: it is to be waited for anew. */
  readonly again: () => void;
}

export class Silence {
  readonly #clock: Clock;
  readonly #options: TimerOptions;
  #timer: unknown;
  #looking: NodeJS.Immediate | undefined;
  #isWaiting = false;

  constructor(clock: Clock, options: TimerOptions = {}) {
    this.#clock = clock;
    this.#options = options;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Waits from now on; not twice at a time. */
  wait({ withinMs, silent, again }: Due): void {
    const clock = this.#clock;
    const dueMs = clock.now() + withinMs;
    const over = (then: () => void) => () => {
      this.#isWaiting = false;
      then();
    };
    this.#isWaiting = true;
    this.#timer = clock.setTimeout(
      () => {
        if (clock.now() - dueMs > withinMs / 4) over(again)();
        // If this thread was busy, the answer lies unread: it is read before the turn is over.
        else this.#looking = setImmediate(over(silent));
      },
      withinMs,
      this.#options,
    );
  }

  /** A sign of life has come, or none is due any more. */
  end(): void {
    this.#isWaiting = false;
    this.#clock.clearTimeout(this.#timer);
    clearImmediate(this.#looking);
  }
}
