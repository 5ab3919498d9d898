/** Leaves a loop before the end, which cancels the exchange (M4). */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class LeaveLoop extends ExchangeStep {
  readonly text = 'LeaveLoop';

  suits({ response }: ExpectedExchange): boolean {
    return response.looping;
  }

  on(exchange: ExpectedExchange, real: RealExchange) {
    void real.loop?.return?.();
    exchange.stop('ERR_CANCELLED');
  }
}
