/** The peer sends its response headers: early or not, with or without a length. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class Respond extends ExchangeStep {
  readonly text: string;
  readonly #status: number;
  readonly #length: number | undefined;

  constructor(choice: number, status: number, length: number | undefined) {
    super(choice);
    this.#status = status;
    this.#length = length;
    this.text = `Respond(${status}, ${length ?? ''})`;
  }

  suits({ phase, isAnswerable, upload }: ExpectedExchange): boolean {
    return phase === 'waiting' && isAnswerable && upload?.isEndUnknown !== true;
  }

  on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    world.peer.requests.get(exchange.id)?.respond(this.#status, this.#length);
    exchange.respond(this.#status, this.#length, model.nowMs);
  }
}
