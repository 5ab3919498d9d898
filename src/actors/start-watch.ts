/**
 * Finds out that a thread does not come up (W4): from its start on, whether or not it has work.
 *
 *     starting ── silent for longer than any start takes ──▶ wedged
 *        │ └───────────────────────────────────── heard ──▶ up
 *        └── somebody waits for it, for all of wedgeTimeout ──▶ stalled ──▶ wedged, or recovered
 *
 * Invariants: each of the ends is told once, and nothing after it; while nobody waits for the thread
 * no timer keeps the process alive.
 */

import type { Clock } from '../clock.ts';
import { Silence } from './silence.ts';

export interface StartWatchOptions {
  readonly clock: Clock;
  /** How long anybody waits for the thread, in milliseconds. */
  readonly wedgeMs: number;
  /** How long the start itself may take, in milliseconds; `wedgeMs` where that is more. */
  readonly startMs: number;
  /** It has not come up in time: nobody should wait for it. */
  readonly stalled: () => void;
  /** It has come up after all. */
  readonly recovered: () => void;
  /** It has not come up for so long. */
  readonly wedged: (silentMs: number) => void;
}

/** A thread has to load its modules before it can answer, on a machine that has other things to do. */
const START_MS = 5_000;
const LONGEST_START_MS = 10_000;

/**
 * How long a start may take after so many that took too long: longer, where starts are slow; but a
 * pool whose threads never come up has to fail within `restartWindow`, which is a minute (W3).
 */
export function startPatienceMs(failedStarts: number): number {
  return failedStarts === 0 ? START_MS : LONGEST_START_MS;
}

export class StartWatch {
  readonly #options: StartWatchOptions;
  /** Of the start itself. */
  readonly #start: Silence;
  /** Of those who wait. */
  readonly #waiting: Silence;
  #isOver: boolean;
  #isStalled = false;

  constructor(options: StartWatchOptions) {
    const { clock, wedgeMs, startMs } = options;
    this.#options = options;
    this.#start = new Silence(clock, { ref: false });
    this.#waiting = new Silence(clock);
    this.#isOver = wedgeMs === Number.POSITIVE_INFINITY;
    if (!this.#isOver) this.#expect(Math.max(wedgeMs, startMs));
  }

  /** Somebody waits for the thread. */
  asked(): void {
    const { wedgeMs, startMs } = this.#options;
    if (this.#isOver || this.#isStalled || wedgeMs >= startMs) return;
    this.#waiting.wait({
      withinMs: wedgeMs,
      silent: () => this.#stall(),
      again: () => this.asked(),
    });
  }

  /** Nobody waits any more. */
  left(): void {
    this.#waiting.end();
  }

  /** The thread has said something. */
  heard(): void {
    if (this.#isOver) return;
    this.end();
    if (this.#isStalled) this.#options.recovered();
  }

  /** It is over. */
  end(): void {
    this.#isOver = true;
    this.#start.end();
    this.#waiting.end();
  }

  #expect(withinMs: number): void {
    this.#start.wait({
      withinMs,
      silent: () => {
        this.end();
        this.#options.wedged(withinMs);
      },
      again: () => this.#expect(withinMs),
    });
  }

  #stall(): void {
    this.#isStalled = true;
    this.#options.stalled();
  }
}
