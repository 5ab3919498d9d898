/**
 * Finds out that a thread answers no more (W4).
 *
 *     starting ── heard ──▶ resting ── a quarter of the time, and nothing heard ──▶ waiting
 *         │                    ◀── heard ──────────────────────────────────────────────┤
 *         └── longer than any start takes ──▶ wedged ◀── the rest of the time ─────────┘
 *
 * Invariants: a thread that stops at any moment is found within the time given; one that answers is
 * never taken for one that does not because *this* thread was busy or the process was stopped; no
 * timer is set while nothing is asked of the thread.
 */

import type { Clock } from '../clock.ts';

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** The longest that the thread may be silent, in milliseconds. */
  readonly wedgeMs: number;
  /** Asks the thread for an answer. */
  readonly ask: () => void;
  /** It has not answered. */
  readonly wedged: () => void;
}

/** A thread has to load its modules before it can answer, on a machine that has other things to do. */
const START_MS = 5_000;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: unknown;
  #beating = false;
  #heard = false;
  #isUp = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#beating || this.#options.wedgeMs === Number.POSITIVE_INFINITY) return;
    this.#beating = true;
    if (this.#isUp) this.#rest();
    else this.#expect(Math.max(this.#options.wedgeMs, START_MS));
  }

  stop(): void {
    if (!this.#beating) return;
    this.#beating = false;
    this.#options.clock.clearTimeout(this.#timer);
  }

  /** The thread has said something. */
  heard(): void {
    this.#isUp = true;
    this.#heard = true;
  }

  #rest(): void {
    this.#heard = false;
    this.#after(this.#options.wedgeMs / 4, () => {
      if (this.#heard) this.#rest();
      else this.#ask();
    });
  }

  #ask(): void {
    this.#options.ask();
    this.#expect((this.#options.wedgeMs * 3) / 4);
  }

  #expect(withinMs: number): void {
    this.#after(withinMs, (lateMs) => {
      if (this.#heard) this.#rest();
      // The whole process was stopped, and the thread with it.
      else if (lateMs > withinMs / 4) this.#ask();
      else this.#look();
    });
  }

  /** If this thread was busy, the answer lies unread: it is read before the turn is over. */
  #look(): void {
    setImmediate(() => {
      if (!this.#beating) return;
      if (this.#heard) this.#rest();
      else this.#options.wedged();
    });
  }

  #after(delayMs: number, then: (lateMs: number) => void): void {
    const { clock } = this.#options;
    const dueMs = clock.now() + delayMs;
    this.#timer = clock.setTimeout(() => then(clock.now() - dueMs), delayMs);
  }
}
