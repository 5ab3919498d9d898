/**
 * Closes the dispatchers of workers that are gone.
 *
 * Invariant: `done` resolves when every dispatcher handed in is closed or destroyed; it never
 * rejects and never waits longer than the grace for a `close` that does not come.
 */

import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';

/** How long a dispatcher may take to close in peace. */
const GRACE_MS = 1_000;

export class Retirement {
  readonly #clock: Clock;
  readonly #pending = new Set<Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `peaceful`: nothing runs on it, its connections may be closed in order. */
  retire(dispatcher: Dispatcher, peaceful: boolean): void {
    const retired = this.#retire(dispatcher, peaceful).catch(ignore);
    this.#pending.add(retired);
    void retired.then(() => this.#pending.delete(retired));
  }

  async done(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #retire(dispatcher: Dispatcher, peaceful: boolean): Promise<void> {
    // A turn later: the worker's exchanges are answered first, by us and with our code, and resets
    // of HTTP/2 streams that were just asked for are on the wire before their session goes.
    await new Promise((resolve) => setImmediate(resolve));
    if (peaceful) await this.#closeWithin(dispatcher);
    await dispatcher.destroy();
  }

  async #closeWithin(dispatcher: Dispatcher): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(resolve, GRACE_MS);
    dispatcher.close().then(resolve, () => resolve());
    await promise;
    this.#clock.clearTimeout(timer);
  }
}

function ignore(): void {}
