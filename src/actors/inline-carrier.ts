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

  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  destroy(): Promise<void> {
    return this.#dispatcher.destroy();
  }
}
