/**
 * One response as a thread reads it that blocks: head first, then chunk by chunk.
 *
 * Invariant: what was begun is ended: by reading to the end, by leaving the loop, or by disposing
 * of the stream; each of the latter two cancels what is left at once.
 */

import type { AsyncHandle } from '../../async-handle.ts';
import type {
  DoneMessage,
  HttpVersion,
  Message,
  Metrics,
  ResponseHeaders,
  StatusMessage,
  UploadOutcome,
} from '../../messages.ts';
import { joinChunks } from '../response.ts';
import type { RemoteFlight } from './remote-flight.ts';

/**
 * A response whose body is read by blocking: `for (const chunk of stream)`. The window bounds what
 * comes ahead of the reader. A body that is still being sent goes on while the response is read.
 */
export interface SyncStream extends Iterable<Uint8Array>, Disposable {
  readonly ref: string;
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Names and values in turn, in their order and case on the wire. */
  readonly rawHeaders: readonly string[];
  readonly httpVersion: HttpVersion;
  /** `undefined` until the response was read to its end, like `metrics` and `upload`. */
  readonly trailers: ResponseHeaders | undefined;
  readonly metrics: Metrics | undefined;
  readonly upload: UploadOutcome | undefined;
  /** The rest of the body; blocks until it is there, throws the exchange's `RequestError`. */
  bytes(): Uint8Array;
  /** The same, decoded as UTF-8. */
  text(): string;
  /** `JSON.parse(text())`. */
  json(): unknown;
}

/** How the stream waits, and sends without waiting. */
export interface StreamWaits {
  block(ready: () => boolean): void;
  flush(): void;
}

const DECODER = new TextDecoder();

export class BlockingStream implements SyncStream, IterableIterator<Uint8Array, undefined> {
  readonly #waits: StreamWaits;
  readonly #flight: RemoteFlight;
  /** Kept, so that the exchange is not taken for a dropped one (H8). */
  readonly handle: AsyncHandle;
  readonly #head: StatusMessage;
  #done: DoneMessage | undefined;
  #over = false;

  /** Blocks until the head is there; throws how the exchange ended, if it ended before. */
  constructor(handle: AsyncHandle, flight: RemoteFlight, waits: StreamWaits) {
    this.handle = handle;
    this.#flight = flight;
    this.#waits = waits;
    const first = this.#next();
    if (first?.type === 'error') throw first.error;
    if (first?.type !== 'status') throw new TypeError(`a response begins with ${first?.type}`);
    this.#head = first;
  }

  get ref(): string {
    return this.#flight.ref;
  }

  get status(): number {
    return this.#head.status;
  }

  get headers(): ResponseHeaders {
    return this.#head.headers;
  }

  get rawHeaders(): readonly string[] {
    return this.#head.rawHeaders;
  }

  get httpVersion(): HttpVersion {
    return this.#head.httpVersion;
  }

  get trailers(): ResponseHeaders | undefined {
    return this.#done?.trailers;
  }

  get metrics(): Metrics | undefined {
    return this.#done?.metrics;
  }

  get upload(): UploadOutcome | undefined {
    return this.#done?.upload;
  }

  next(): IteratorResult<Uint8Array, undefined> {
    const message = this.#over ? undefined : this.#next();
    if (message?.type === 'data') return { done: false, value: message.chunk };
    this.#over = true;
    if (message?.type === 'error') throw message.error;
    if (message?.type === 'done') this.#done = message;
    return { done: true, value: undefined };
  }

  return(): IteratorResult<Uint8Array, undefined> {
    this[Symbol.dispose]();
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  bytes(): Uint8Array {
    return joinChunks([...this]);
  }

  text(): string {
    return DECODER.decode(this.bytes());
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#flight.stop('ERR_CANCELLED');
    this.#waits.flush();
  }

  #next(): Message | undefined {
    const { mailbox } = this.#flight.delivery;
    let message: Message | undefined;
    this.#waits.block(() => {
      this.#flight.feed();
      message = mailbox?.poll();
      return message !== undefined || mailbox?.finished !== false;
    });
    return message;
  }
}
