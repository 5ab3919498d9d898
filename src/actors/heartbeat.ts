/**
 * Finds out that a thread answers no more, or does not come up (W4).
 *
 *     up:        a quarter of the time silent ──▶ asked ── silent for the rest of it ──▶ wedged
 *     starting:  silent for all of the time ──▶ stalled ── longer than any start takes ──▶ wedged
 *                                                  └── heard ──▶ recovered
 *
 * Invariants: a thread that is up and stops at any moment is found when it has been silent for the
 * time given; one that answers is never taken for one that does not because *this* thread was busy
 * or the process was stopped; no timer is set while nothing is asked of the thread, unless it is
 * stalled.
 */

import type { Clock } from '../clock.ts';

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** The longest that the thread may be silent, in milliseconds. */
  readonly wedgeMs: number;
  /** Asks the thread for an answer. */
  readonly ask: () => void;
  /** It has not come up in time: nobody should wait for it. */
  readonly stalled: () => void;
  /** It has come up after all. */
  readonly recovered: () => void;
  /** It has not answered for so long. */
  readonly wedged: (silentMs: number) => void;
}

/** A thread has to load its modules before it can answer, on a machine that has other things to do. */
const START_MS = 5_000;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: unknown;
  #looking: NodeJS.Immediate | undefined;
  #beating = false;
  /** Whether a sign of life is due. */
  #waiting = false;
  #isUp = false;
  #isStalled = false;
  /** When it was heard last, or when something was asked of it after it had nothing to do. */
  #silentSinceMs = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Something is asked of the thread. */
  start(): void {
    const { clock, wedgeMs } = this.#options;
    if (this.#beating || wedgeMs === Number.POSITIVE_INFINITY) return;
    this.#beating = true;
    this.#silentSinceMs = clock.now();
    if (this.#isUp) this.#rest();
    else this.#expectStart();
  }

  /** Nothing is asked of it any more. One that is stalled has to show what becomes of it. */
  stop(): void {
    if (!this.#isStalled) this.end();
  }

  /** It is over. */
  end(): void {
    if (!this.#beating) return;
    this.#beating = false;
    this.#isStalled = false;
    this.#forget();
  }

  /** The thread has said something. */
  heard(): void {
    this.#isUp = true;
    this.#silentSinceMs = this.#options.clock.now();
    if (!this.#waiting) return;
    this.#forget();
    if (!this.#isStalled) {
      this.#rest();
      return;
    }
    this.end();
    this.#options.recovered();
  }

  #expectStart(): void {
    const { wedgeMs, wedged } = this.#options;
    const again = (): void => this.#expectStart();
    if (wedgeMs < START_MS) this.#expect(wedgeMs, () => this.#stall(), again);
    else this.#expect(wedgeMs, () => wedged(wedgeMs), again);
  }

  #stall(): void {
    const { wedgeMs, stalled, wedged } = this.#options;
    this.#isStalled = true;
    const wait = (): void => this.#expect(START_MS - wedgeMs, () => wedged(START_MS), wait);
    wait();
    stalled();
  }

  #rest(): void {
    const { clock, wedgeMs } = this.#options;
    const dueMs = this.#silentSinceMs + wedgeMs / 4;
    this.#timer = clock.setTimeout(
      () => {
        if (clock.now() < this.#silentSinceMs + wedgeMs / 4) this.#rest();
        else this.#ask();
      },
      Math.max(0, dueMs - clock.now()),
    );
  }

  #ask(): void {
    const { ask, wedgeMs, wedged } = this.#options;
    ask();
    const again = (): void => this.#ask();
    this.#expect((wedgeMs * 3) / 4, () => wedged(wedgeMs), again);
  }

  /** `silent` when nothing is heard, `again` where that tells nothing. */
  #expect(withinMs: number, silent: () => void, again: () => void): void {
    const { clock } = this.#options;
    const dueMs = clock.now() + withinMs;
    this.#waiting = true;
    this.#timer = clock.setTimeout(() => {
      // The whole process was stopped, and the thread with it.
      if (clock.now() - dueMs > withinMs / 4) again();
      // If this thread was busy, the answer lies unread: it is read before the turn is over.
      else this.#looking = setImmediate(silent);
    }, withinMs);
  }

  /** What was due is not any more: should it beat again, that is another time. */
  #forget(): void {
    this.#waiting = false;
    this.#options.clock.clearTimeout(this.#timer);
    clearImmediate(this.#looking);
  }
}
