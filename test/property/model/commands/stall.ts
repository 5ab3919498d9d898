/** The peer stops reading the request body, or reads on. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export class Stall extends ExchangeStep {
  readonly text = 'Stall';

  suits({ isAnswerable, upload }: ExpectedExchange): boolean {
    return isAnswerable && upload?.isUploading === true && !upload.stalled;
  }

  on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    { world }: Parameters<ExchangeStep['on']>[2],
  ) {
    world.peer.requests.get(exchange.id)?.stall();
    exchange.stall();
  }
}

export class ReadOn extends ExchangeStep {
  readonly text = 'ReadOn';

  suits({ isAtPeer, upload }: ExpectedExchange): boolean {
    return isAtPeer && upload?.stalled === true;
  }

  on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    world.peer.requests.get(exchange.id)?.readOn();
    exchange.readOn(model.nowMs);
  }
}
