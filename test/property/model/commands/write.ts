/** The peer sends some of its body; what reaches the declared length ends it. */

import { patternBytes } from '../../../helpers/echo-routes.ts';
import type { ExpectedExchange } from '../expected-exchange.ts';
import type { PoolModel } from '../pool-model.ts';
import type { RealExchange } from '../real-exchange.ts';
import type { World } from '../world.ts';
import { endResponse } from './end.ts';
import { ExchangeStep } from './step.ts';

export class Write extends ExchangeStep {
  readonly text: string;
  readonly #bytes: number;

  constructor(choice: number, bytes: number) {
    super(choice);
    this.#bytes = bytes;
    this.text = `Write(${bytes})`;
  }

  suits(exchange: ExpectedExchange): boolean {
    return canWrite(exchange);
  }

  on(
    exchange: ExpectedExchange,
    _real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    writeBody(exchange, this.#bytes, { model, world });
  }
}

export function canWrite({ phase, isAnswerable, upload }: ExpectedExchange): boolean {
  return phase === 'receiving' && isAnswerable && upload?.isEndUnknown !== true;
}

/** Up to `bytes` of the body, as much as its declared length allows. */
export function writeBody(
  exchange: ExpectedExchange,
  bytes: number,
  { model, world }: { readonly model: PoolModel; readonly world: World },
): void {
  const { declared = Number.POSITIVE_INFINITY, written } = exchange.response;
  const piece = Math.min(bytes, declared - written);
  world.peer.requests.get(exchange.id)?.write(patternBytes(piece, written));
  exchange.write(piece, model.nowMs);
  if (written + piece === declared) endResponse(exchange, { model, world });
}
