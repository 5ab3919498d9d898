/** The carrier of a worker in the pool's own thread: a dispatcher, one call away. */

import type { Carrier, ExchangeReports, Transfer } from './carrier.ts';
import { Exchange } from './exchange.ts';
import type { Transport } from './worker-agent.ts';

export class InlineCarrier implements Carrier {
  readonly isReady = true;
  readonly #dispatcher: Transport;

  constructor(dispatcher: Transport) {
    this.#dispatcher = dispatcher;
  }

  transfer(reports: ExchangeReports): Transfer {
    return new Exchange(this.#dispatcher, reports);
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
