/** The peer ends its response, with the upload over or not (U7). */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { PoolModel } from '../pool-model.ts';
import type { RealExchange } from '../real-exchange.ts';
import type { World } from '../world.ts';
import { ExchangeStep } from './step.ts';

export class End extends ExchangeStep {
  readonly text = 'End';

  suits({ phase, isAnswerable, response, upload }: ExpectedExchange): boolean {
    const isAtEnd = response.declared === undefined;
    return phase === 'receiving' && isAnswerable && isAtEnd && upload?.isEndUnknown !== true;
  }

  on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    endResponse(exchange, { model, world });
  }
}

/** A peer that has the whole request reads on, or its connection would not do for another one. */
export function endResponse(
  exchange: ExpectedExchange,
  { model, world }: { readonly model: PoolModel; readonly world: World },
): void {
  const request = world.peer.requests.get(exchange.id);
  request?.end();
  if (exchange.upload?.stalled === true && !exchange.upload.isUploading) {
    request?.readOn();
    exchange.readOn(model.nowMs);
  }
  exchange.end(model.nowMs);
}
