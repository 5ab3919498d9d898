/**
 * Whether a thread is up and answers (W4): its start is watched until it is heard for the first
 * time, its answers from then on, while something is asked of it.
 *
 * Invariant: never both at a time, so that the time a start takes counts for no silence.
 */

import { Heartbeat, type HeartbeatOptions } from './heartbeat.ts';
import { StartWatch, type StartWatchOptions } from './start-watch.ts';

export interface ThreadPulseOptions extends StartWatchOptions, HeartbeatOptions {}

export class ThreadPulse {
  readonly #start: StartWatch;
  readonly #heartbeat: Heartbeat;
  #isUp = false;
  #isBusy = false;

  constructor(options: ThreadPulseOptions) {
    this.#start = new StartWatch(options);
    this.#heartbeat = new Heartbeat(options);
  }

  /** Whether it has been heard. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Something is asked of the thread. */
  busy(): void {
    this.#isBusy = true;
    if (this.#isUp) this.#heartbeat.start();
    else this.#start.asked();
  }

  /** Nothing is asked of it any more. */
  idle(): void {
    this.#isBusy = false;
    this.#heartbeat.stop();
    this.#start.left();
  }

  /** The thread has said something. */
  heard(): void {
    this.#heartbeat.heard();
    if (this.#isUp) return;
    this.#isUp = true;
    if (this.#isBusy) this.#heartbeat.start();
    this.#start.heard();
  }

  /** Nobody listens to it any more. */
  end(): void {
    this.#start.end();
    this.#heartbeat.stop();
  }
}
