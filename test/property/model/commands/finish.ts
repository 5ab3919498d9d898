/** Finishes an upload: once, a second time, too late, or one that is none. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import { type RealExchange, seen } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class Finish extends ExchangeStep {
  readonly text = 'Finish';

  suits({ upload }: ExpectedExchange): boolean {
    return upload === undefined || upload.finishes.length < 3;
  }

  on(
    exchange: ExpectedExchange,
    real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    real.finishes.push(seen(world.pool.finishBody(real.handle)));
    exchange.finish(model.nowMs);
  }
}
