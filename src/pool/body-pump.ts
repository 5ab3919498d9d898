/**
 * Reads a body given as an iterable or a stream into the upload channel, under its backpressure.
 *
 * Invariant: the source is read by one reader, not before the exchange is admitted, and it is given
 * up when the exchange no longer wants it: a stream is closed, a generator runs its `finally`.
 */

import { sourceChunk } from '../actors/chunk-bytes.ts';
import { type BodyReader, type BodySource, readerOf } from './body-source.ts';

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

export class BodyPump {
  readonly #reader: BodyReader;
  readonly #upload: Sink;
  readonly #observer: PumpObserver;
  #stopped = false;

  constructor(source: BodySource, upload: Sink, observer: PumpObserver) {
    this.#reader = readerOf(source);
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
        const { done, value } = await this.#reader.next();
        if (this.#stopped) return;
        if (done === true) {
          this.#stopped = true;
          this.#observer.sourceEnded();
          return;
        }
        const { bytes, owned } = sourceChunk(value);
        if (!(await this.#upload.write(bytes, owned))) this.stop();
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
      this.#reader.giveUp();
    } catch {
      // A source that fails while it is given up has nobody left to tell.
    }
  }
}
