/** The peer breaks off: by a reset, or by an end that comes too early. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class Break extends ExchangeStep {
  readonly text: string;
  readonly #how: 'reset' | 'truncate';

  constructor(choice: number, how: 'reset' | 'truncate') {
    super(choice);
    this.#how = how;
    this.text = `Break(${how})`;
  }

  suits({ isAnswerable, version, response, upload }: ExpectedExchange): boolean {
    if (!isAnswerable || upload?.stalled === true) return false;
    // An upload notices what a download that is not read would not, now or later.
    if (version === '1.1' && upload?.isUploading === true && !response.isCaughtUp) return false;
    // Over HTTP/2 the end of an open-ended body is a proper end.
    return this.#how === 'reset' || version === '1.1' || response.declared !== undefined;
  }

  on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    world.peer.requests.get(exchange.id)?.[this.#how]();
    exchange.break(this.#how, model.nowMs);
  }
}
