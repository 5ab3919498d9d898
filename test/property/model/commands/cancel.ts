/** Cancels, in any state; also twice, also by the signal of the request (X1, X3). */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class Cancel extends ExchangeStep {
  readonly text: string;
  override readonly worksDeaf = true;
  readonly #how: 'call' | 'twice' | 'signal';

  constructor(choice: number, how: 'call' | 'twice' | 'signal') {
    super(choice);
    this.#how = how;
    this.text = `Cancel(${how})`;
  }

  suits({ spec }: ExpectedExchange): boolean {
    return this.#how !== 'signal' || spec.signal;
  }

  on(exchange: ExpectedExchange, real: RealExchange, { world }: Parameters<ExchangeStep['on']>[2]) {
    if (this.#how === 'signal') real.signal.abort(new Error('enough'));
    else world.pool.cancel(real.handle, 'enough');
    if (this.#how === 'twice') world.pool.cancel(real.handle, 'once more');
    exchange.stop('ERR_CANCELLED');
  }
}
