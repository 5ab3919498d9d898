/**
 * Closes what the workers that are gone have left: their connections, their threads.
 *
 * Invariant: `done` resolves when every carrier handed in is closed or destroyed; it never
 * rejects and never waits longer than the grace for a `close` that does not come.
 */

import type { Carrier } from '../actors/carrier.ts';
import type { Clock } from '../clock.ts';

/** How long a carrier may take to close in peace. */
const GRACE_MS = 1_000;

/** A carrier, as far as it is needed here. */
type Closable = Pick<Carrier, 'close' | 'destroy'>;

export class Retirement {
  readonly #clock: Clock;
  readonly #pending = new Set<Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `peaceful`: nothing runs on it, its connections may be closed in order. */
  retire(carrier: Closable, peaceful: boolean): void {
    const retired = this.#retire(carrier, peaceful).catch(ignore);
    this.#pending.add(retired);
    void retired.then(() => this.#pending.delete(retired));
  }

  async done(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #retire(carrier: Closable, peaceful: boolean): Promise<void> {
    // A turn later: the worker's exchanges are answered first, by us and with our code, and resets
    // of HTTP/2 streams that were just asked for are on the wire before their session goes.
    await new Promise((resolve) => setImmediate(resolve));
    if (peaceful) await this.#closeWithin(carrier);
    await carrier.destroy();
  }

  async #closeWithin(carrier: Closable): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimeout(resolve, GRACE_MS);
    carrier.close().then(resolve, () => resolve());
    await promise;
    this.#clock.clearTimeout(timer);
  }
}

function ignore(): void {}
