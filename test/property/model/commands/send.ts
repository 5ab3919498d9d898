/**
 * Sends one chunk, in any state: empty, text, binary, just what is left of a declared length, a byte
 * more than that, or more than fits anywhere.
 */

import { patternBytes } from '../../../helpers/echo-routes.ts';
import type { ExpectedExchange } from '../expected-exchange.ts';
import type { ExpectedUpload } from '../expected-upload.ts';
import type { RealExchange } from '../real-exchange.ts';
import { ExchangeStep } from './step.ts';

export type ChunkKind = 'empty' | 'text' | 'binary' | 'rest' | 'excess' | 'large' | 'huge';

const LARGE_BYTES = 100_000;
/** More than a window of HTTP/2 holds, and mostly more than the sockets between do. */
const HUGE_BYTES = 4 * 1024 * 1024;

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
    if (isBig && (spec.body !== 'upload' || spec.contentLength !== undefined)) return false;
    // So much takes its time; it is for a peer that does not read.
    if (this.#kind === 'huge' && upload?.stalled !== true) return false;
    return upload === undefined || upload.sends.length < 20;
  }

  on(
    exchange: ExpectedExchange,
    real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    const chunk = this.#chunk(exchange.upload);
    exchange.send(Buffer.from(chunk), model.nowMs);
    real.send(world.pool, chunk);
  }

  #chunk(upload: ExpectedUpload | undefined): Uint8Array | string {
    const offset = upload?.sends.length ?? 0;
    const left = upload?.contentLength === undefined ? 9 : upload.contentLength - upload.accepted;
    switch (this.#kind) {
      case 'empty':
        return '';
      case 'text':
        return `chunk ${offset} à la carte`;
      case 'binary':
        return patternBytes(60, offset);
      case 'rest':
        return patternBytes(left, offset);
      case 'excess':
        return patternBytes(left + 1, offset);
      case 'large':
        return patternBytes(LARGE_BYTES, offset);
      default:
        return Buffer.alloc(HUGE_BYTES, offset);
    }
  }
}
