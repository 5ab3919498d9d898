/** Reads the messages of a mailbox in a loop from now on. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class Loop extends ExchangeStep {
  readonly text = 'Loop';

  suits({ response, receives }: ExpectedExchange): boolean {
    const isRead = response.looping || receives.some(({ outcome }) => outcome === 'waits');
    return response.isMailbox && !isRead && !response.endRead;
  }

  on(
    exchange: ExpectedExchange,
    real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    real.read(world.pool);
    const { response } = exchange;
    response.looping = exchange.isLive;
    response.readAll();
    exchange.progress(model.nowMs);
  }
}
