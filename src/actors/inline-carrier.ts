/** The carrier of a worker in the pool's own thread: a dispatcher, one call away. */

import type { Clock } from '../clock.ts';
import type { Carrier, ExchangeReports, Transfer } from './carrier.ts';
import { CheckedExchange } from './checked-exchange.ts';
import { Exchange } from './exchange.ts';
import { type Transport, WorkerAgent } from './worker-agent.ts';

export class InlineCarrier implements Carrier {
  readonly isReady = true;
  readonly #dispatcher: Transport;
  readonly #clock: Clock;
  /** Whether the transport is the pool's own, not one of the user's. */
  readonly #isOwn: boolean;

  constructor(dispatcher: Transport, clock: Clock) {
    this.#dispatcher = dispatcher;
    this.#clock = clock;
    this.#isOwn = dispatcher instanceof WorkerAgent;
  }

  /**
   * On an HTTP/2 session requests of one turn leave in one go, and the scheme is all that is known
   * here; and a transport of the user's own may answer at once, for ever. On HTTP/1.1 undici waits a
   * turn by itself before it uses a connection again.
   */
  defers(origin: string): boolean {
    return !(this.#isOwn && origin.startsWith('http:'));
  }

  transfer(reports: ExchangeReports): Transfer {
    // What the pool's own transport says is not looked at twice: it costs something per header.
    return this.#isOwn
      ? new Exchange(this.#dispatcher, reports, this.#clock)
      : new CheckedExchange(this.#dispatcher, reports, this.#clock);
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
