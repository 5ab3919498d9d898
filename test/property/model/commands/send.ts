/**
 * Sends one chunk, in any state: empty, text, binary, just what is left of a declared length, a byte
 * more than that, or more than fits anywhere.
 */

import type { ExpectedExchange } from '../expected-exchange.ts';
import type { RealExchange } from '../real-exchange.ts';
import { type ChunkKind, chunkOf } from './chunk.ts';
import { ExchangeStep } from './step.ts';

export class Send extends ExchangeStep {
  readonly text: string;
  readonly #kind: ChunkKind;

  constructor(choice: number, kind: ChunkKind) {
    super(choice);
    this.#kind = kind;
    this.text = `Send(${kind})`;
  }

  suits({ spec, upload }: ExpectedExchange): boolean {
    const isBig = this.#kind === 'large' || this.#kind === 'huge';
    // A declared length is kept or broken by small chunks, each of which is taken at once.
    const isPlain = spec.body === 'upload' && spec.source === undefined;
    if (isBig && (!isPlain || spec.contentLength !== undefined)) return false;
    // So much takes its time; it is for a peer that does not read.
    if (this.#kind === 'huge' && upload?.stalled !== true) return false;
    return upload === undefined || upload.sends.length < 20;
  }

  on(
    exchange: ExpectedExchange,
    real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    const chunk = chunkOf(this.#kind, exchange.upload);
    exchange.send(Buffer.from(chunk), model.nowMs);
    real.send(world.pool, chunk);
  }
}
