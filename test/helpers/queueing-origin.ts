/**
 * An origin as queueing theory has it, on a simulated clock: so many servers, first come first
 * served, a service time each. Whoever asks is answered when served; the capacity can change.
 */

import type { ManualClock } from './manual-clock.ts';

export class QueueingOrigin {
  readonly #clock: ManualClock;
  readonly #serviceMs: () => number;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  /** Requests it serves at a time; those being served are finished when it shrinks. */
  servers: number;
  served = 0;

  constructor(clock: ManualClock, servers: number, serviceMs: () => number) {
    this.#clock = clock;
    this.servers = servers;
    this.#serviceMs = serviceMs;
  }

  /** Requests there, served or waiting. */
  get load(): number {
    return this.#busy + this.#waiting.length;
  }

  request(answered: () => void): void {
    this.#waiting.push(answered);
    this.#serve();
  }

  #serve(): void {
    while (this.#busy < this.servers) {
      const answered = this.#waiting.shift();
      if (answered === undefined) return;
      this.#busy += 1;
      this.#clock.setTimeout(() => {
        this.#busy -= 1;
        this.served += 1;
        this.#serve();
        answered();
      }, this.#serviceMs());
    }
  }
}
