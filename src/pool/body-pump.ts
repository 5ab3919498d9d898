/**
 * Reads a body given as an iterable or a stream into the upload channel, under its backpressure.
 *
 * Invariant: the source is read by one reader, not before the exchange is admitted, and it is told
 * (`return`) when the exchange no longer wants it, so that a generator runs its `finally`.
 */

import { chunkBytes } from '../actors/chunk-bytes.ts';
import type { BodyChunk } from '../options.ts';

export interface PumpObserver {
  /** The source has come to its end. */
  sourceEnded(): void;
  /** The source threw, or yielded what is no chunk. */
  sourceFailed(error: unknown): void;
}

/** Where the body goes. */
interface Sink {
  write(chunk: Uint8Array, owned: boolean): Promise<boolean>;
}

type Source = AsyncIterable<BodyChunk> | Iterable<BodyChunk>;

export class BodyPump {
  readonly #iterator: AsyncIterator<BodyChunk> | Iterator<BodyChunk>;
  readonly #upload: Sink;
  readonly #observer: PumpObserver;
  #stopped = false;

  constructor(source: Source, upload: Sink, observer: PumpObserver) {
    this.#iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#upload = upload;
    this.#observer = observer;
  }

  /** Pumps until the source ends, fails, or `stop`. */
  run(): void {
    void this.#pump();
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#stopped) {
        const { done, value } = await this.#iterator.next();
        if (this.#stopped) return;
        if (done === true) {
          this.#stopped = true;
          this.#observer.sourceEnded();
          return;
        }
        const chunk = chunkBytes(value);
        if (chunk === undefined) throw new TypeError('the body source yielded what is no chunk');
        if (!(await this.#upload.write(chunk.bytes, chunk.owned))) this.stop();
      }
    } catch (error) {
      if (this.#stopped) return;
      this.stop();
      this.#observer.sourceFailed(error);
    }
  }

  /** The body is no longer wanted. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      const returned = this.#iterator.return?.();
      if (returned instanceof Promise) returned.catch(ignore);
    } catch {
      // A source that fails while it is given up has nobody left to tell.
    }
  }
}

function ignore(): void {}
