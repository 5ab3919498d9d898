/** The peer sends byte by byte, each just before `idleTimeout` would have come. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { PoolModel } from '../pool-model.ts';
import type { RealExchange } from '../real-exchange.ts';
import { passTime } from '../settle.ts';
import { UNIT_MS } from '../spec.ts';
import { ExchangeStep } from './step.ts';
import { canWrite, writeBody } from './write.ts';

const STEP_MS = 19 * UNIT_MS;

export class Trickle extends ExchangeStep {
  readonly text = 'Trickle';

  suits(exchange: ExpectedExchange, model: Readonly<PoolModel>): boolean {
    return model.isTimeKnown && canWrite(exchange);
  }

  async on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    context: Parameters<ExchangeStep['on']>[2],
  ) {
    for (let byte = 0; byte < 3 && canWrite(exchange); byte += 1) {
      writeBody(exchange, 1, context);
      await passTime(context.model, context.world, STEP_MS);
    }
  }
}
