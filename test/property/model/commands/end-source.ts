/** The source of a body comes to its end, too early or not, or it fails. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { isFed } from './feed.ts';
import { ExchangeStep } from './step.ts';

export class EndSource extends ExchangeStep {
  readonly text: string;
  readonly #how: 'end' | 'fail';

  constructor(choice: number, how: 'end' | 'fail') {
    super(choice);
    this.#how = how;
    this.text = `EndSource(${how})`;
  }

  suits(exchange: ExpectedExchange): boolean {
    const { spec, source } = exchange;
    if (!isFed(exchange)) return false;
    const breaks = this.#how === 'fail' || spec.contentLength !== undefined;
    return source?.isRead === true || !breaks;
  }

  on(exchange: ExpectedExchange, real: RealExchange, { model }: Parameters<ExchangeStep['on']>[2]) {
    real.source?.step({ type: this.#how });
    exchange.feed({ type: this.#how }, model.nowMs);
  }
}
