/** A receiver that can die does: its port is closed, its actor stopped (C4). */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class ReceiverDies extends ExchangeStep {
  readonly text = 'ReceiverDies';

  suits({ isReceiverMortal, receiverDead, upload }: ExpectedExchange): boolean {
    return isReceiverMortal && !receiverDead && upload?.isEndUnknown !== true;
  }

  on(exchange: ExpectedExchange, real: RealExchange, { model }: Parameters<ExchangeStep['on']>[2]) {
    real.killReceiver();
    exchange.receiverDies(model.nowMs);
  }
}
