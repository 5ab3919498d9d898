/**
 * Finds out that a thread answers no more (W4). Whether it comes up is for `actors/start-watch`.
 *
 *     a quarter of the time silent ──▶ asked ── silent for the rest of it ──▶ wedged
 *
 * Invariants: a thread that stops at any moment is found when it has been silent for the time given;
 * no timer is set while nothing is asked of the thread.
 */

import type { Clock } from '../clock.ts';
import { Silence } from './silence.ts';

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** The longest that the thread may be silent, in milliseconds. */
  readonly wedgeMs: number;
  /** Asks the thread for an answer. */
  readonly ask: () => void;
  /** It has not answered for so long. */
  readonly wedged: (silentMs: number) => void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #answer: Silence;
  #timer: unknown;
  #beating = false;
  /** When it was heard last, or when something was asked of it after it had nothing to do. */
  #silentSinceMs = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#answer = new Silence(options.clock);
  }

  /** Something is asked of the thread. */
  start(): void {
    const { clock, wedgeMs } = this.#options;
    if (this.#beating || wedgeMs === Number.POSITIVE_INFINITY) return;
    this.#beating = true;
    this.#silentSinceMs = clock.now();
    this.#rest();
  }

  /** Nothing is asked of it any more. */
  stop(): void {
    this.#beating = false;
    this.#options.clock.clearTimeout(this.#timer);
    this.#answer.end();
  }

  /** The thread has said something. */
  heard(): void {
    this.#silentSinceMs = this.#options.clock.now();
    if (!this.#answer.isWaiting) return;
    this.#answer.end();
    this.#rest();
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
    this.#answer.wait({
      withinMs: (wedgeMs * 3) / 4,
      silent: () => wedged(wedgeMs),
      again: () => this.#ask(),
    });
  }
}
