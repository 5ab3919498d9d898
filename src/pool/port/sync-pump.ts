/**
 * Reads a body into its upload for a thread that blocks: as much as there is room for, each time it
 * is run. What `pool/body-pump` does for others.
 *
 * Invariant: the source is read by one reader, and told (`return`) when nobody wants more of it.
 */

import { sourceChunk } from '../../actors/chunk-bytes.ts';
import type { BodyChunk } from '../../options.ts';
import type { ResolvedRequest } from '../../resolved-options.ts';
import type { PumpObserver } from '../body-pump.ts';

interface Sink {
  readonly hasRoom: boolean;
  write(chunk: Uint8Array, owned: boolean): unknown;
}

export class SyncPump {
  readonly #iterator: Iterator<BodyChunk>;
  readonly #sink: Sink;
  readonly #observer: PumpObserver;
  #running = false;
  #stopped = false;

  /** Throws where the source is no synchronous one. */
  constructor(source: NonNullable<ResolvedRequest['source']>, sink: Sink, observer: PumpObserver) {
    if (!(Symbol.iterator in source)) throw new TypeError('the source of the body is asynchronous');
    this.#iterator = source[Symbol.iterator]();
    this.#sink = sink;
    this.#observer = observer;
  }

  /** Nothing happens within a run: the source itself may wait for an answer. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      while (!this.#stopped && this.#sink.hasRoom) this.#step();
    } catch (error) {
      if (this.#stopped) return;
      this.stop();
      this.#observer.sourceFailed(error);
    } finally {
      this.#running = false;
    }
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      this.#iterator.return?.();
    } catch {
      // A source that fails while it is given up has nobody left to tell.
    }
  }

  #step(): void {
    const { done, value } = this.#iterator.next();
    if (this.#stopped) return;
    if (done === true) {
      this.#stopped = true;
      this.#observer.sourceEnded();
      return;
    }
    const { bytes, owned } = sourceChunk(value);
    // There is room, so it is sent before this returns.
    this.#sink.write(bytes, owned);
  }
}
