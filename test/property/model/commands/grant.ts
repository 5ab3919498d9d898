/** Grants credit, in any state (F1, F3). */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class Grant extends ExchangeStep {
  readonly text: string;
  readonly #bytes: number;

  constructor(choice: number, bytes: number) {
    super(choice);
    this.#bytes = bytes;
    this.text = `Grant(${bytes})`;
  }

  suits(): boolean {
    return true;
  }

  on(
    exchange: ExpectedExchange,
    real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    world.pool.updateFlow(real.handle, this.#bytes);
    exchange.grant(this.#bytes, model.nowMs);
  }
}
