/** The source of a body gives a chunk, or what is none. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import type { SourceStep } from '../real-source.ts';
import { type ChunkKind, chunkOf } from './chunk.ts';
import { ExchangeStep } from './step.ts';

export type FeedKind = Exclude<ChunkKind, 'huge'> | 'bad';

export class Feed extends ExchangeStep {
  readonly text: string;
  readonly #kind: FeedKind;

  constructor(choice: number, kind: FeedKind) {
    super(choice);
    this.#kind = kind;
    this.text = `Feed(${kind})`;
  }

  suits(exchange: ExpectedExchange): boolean {
    const { spec, source, upload } = exchange;
    if (source === undefined || upload === undefined || !isFed(exchange)) return false;
    const isBad = this.#kind === 'bad';
    // A stream of Node's refuses it itself.
    if (isBad && spec.source === 'stream') return false;
    // What ends the exchange as soon as it is read may reach the peer or not.
    if ((isBad || spec.contentLength !== undefined) && !source.isRead) return false;
    // So much takes its time; it is for a peer that reads.
    const isPlain = spec.contentLength === undefined && upload.flowing && !upload.stalled;
    if (this.#kind === 'large' && !isPlain) return false;
    return upload.sends.length + source.waiting.length < 20;
  }

  on(exchange: ExpectedExchange, real: RealExchange, { model }: Parameters<ExchangeStep['on']>[2]) {
    const step: SourceStep =
      this.#kind === 'bad'
        ? { type: 'bad' }
        : { type: 'chunk', bytes: chunkOf(this.#kind, exchange.upload) };
    real.source?.step(step);
    exchange.feed(step, model.nowMs);
  }
}

/** Whether its source may still give something. */
export function isFed({ isLive, source, upload }: ExpectedExchange): boolean {
  return isLive && source?.isEnded === false && upload?.state === 'open';
}
