/** The carrier of a worker in the pool's own thread: a dispatcher, one call away. */

import type { Clock } from '../clock.ts';
import type { Carrier, ExchangeReports, Transfer } from './carrier.ts';
import { Exchange } from './exchange.ts';
import type { Transport } from './worker-agent.ts';

export class InlineCarrier implements Carrier {
  readonly isReady = true;
  readonly #dispatcher: Transport;
  readonly #clock: Clock;

  constructor(dispatcher: Transport, clock: Clock) {
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  // On an HTTP/2 session they do, and the scheme is all that is known here. Before it uses a connection
  // of HTTP/1.1 again undici waits for all that this turn reads, which gathers them as well.
  gathers(origin: string): boolean {
    return origin.startsWith('https:');
  }

  transfer(reports: ExchangeReports): Transfer {
    return new Exchange(this.#dispatcher, reports, this.#clock);
  }

  // Here a transfer that was aborted starts no more.
  halt(): void {}

  eventLoopUtilization(): undefined {}

  // `async`: a transport of the user's own may throw, or return nothing.
  async close(): Promise<void> {
    await this.#dispatcher.close();
  }

  async destroy(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}
