/** The carrier of a worker in the pool's own thread: a dispatcher, one call away. */

import type { Clock } from '../clock.ts';
import type { Carrier, ExchangeReports, Transfer } from './carrier.ts';
import { Exchange } from './exchange.ts';
import { type Transport, WorkerAgent } from './worker-agent.ts';

export class InlineCarrier implements Carrier {
  readonly isReady = true;
  readonly #dispatcher: Transport;
  readonly #clock: Clock;

  constructor(dispatcher: Transport, clock: Clock) {
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  /**
   * On an HTTP/2 session requests of one turn leave in one go, and the scheme is all that is known
   * here; and a transport of the user's own may answer at once, for ever. On HTTP/1.1 undici waits a
   * turn by itself before it uses a connection again.
   */
  defers(origin: string): boolean {
    return !(this.#dispatcher instanceof WorkerAgent && origin.startsWith('http:'));
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
