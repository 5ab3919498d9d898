/**
 * What is to be posted on a port: gathered, and sent as one batch with one transfer list.
 *
 * Invariant: order is kept; a batch is sent once, at the next call of `flush`.
 */

import type { MessagePort } from 'node:worker_threads';

export class Outbox<Item> {
  readonly #port: MessagePort;
  readonly #schedule: (flush: () => void) => void;
  readonly #flushed: (() => void) | undefined;
  #batch: Item[] = [];
  #transfer: ArrayBuffer[] = [];
  #closed = false;

  /** `schedule` says when a batch is due; `flushed` is told after each. */
  constructor(
    port: MessagePort,
    schedule: (flush: () => void) => void,
    flushed?: (() => void) | undefined,
  ) {
    this.#port = port;
    this.#schedule = schedule;
    this.#flushed = flushed;
  }

  /** Gathers an item; the buffers in `transfer` are gone for this thread once it is sent. */
  post(item: Item, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#closed) return;
    if (this.#batch.length === 0) this.#schedule(this.flush);
    this.#batch.push(item);
    for (const buffer of transfer) this.#transfer.push(buffer);
  }

  readonly flush = (): void => {
    if (this.#batch.length === 0 || this.#closed) return;
    const batch = this.#batch;
    const transfer = this.#transfer;
    this.#batch = [];
    this.#transfer = [];
    try {
      this.#port.postMessage(batch, transfer);
    } catch {
      // A buffer that somebody has forbidden to transfer: then all are copied.
      this.#port.postMessage(batch);
    }
    this.#flushed?.();
  };

  /** Nothing is posted any more. */
  close(): void {
    this.#closed = true;
  }
}
