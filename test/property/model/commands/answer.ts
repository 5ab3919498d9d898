/** The peer answers all at once: headers, body and end. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { endResponse } from './end.ts';
import { ExchangeStep } from './step.ts';
import { writeBody } from './write.ts';

export class Answer extends ExchangeStep {
  readonly text: string;
  readonly #bytes: number;
  readonly #status: number;

  constructor(choice: number, status: number, bytes: number) {
    super(choice);
    this.#status = status;
    this.#bytes = bytes;
    this.text = `Answer(${status}, ${bytes})`;
  }

  suits({ phase, isAnswerable, upload }: ExpectedExchange): boolean {
    return phase === 'waiting' && isAnswerable && upload?.isEndUnknown !== true;
  }

  on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    world.peer.requests.get(exchange.id)?.respond(this.#status, undefined);
    exchange.respond(this.#status, undefined, model.nowMs);
    if (this.#bytes > 0) writeBody(exchange, this.#bytes, { model, world });
    endResponse(exchange, { model, world });
  }
}
