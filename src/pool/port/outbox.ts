/**
 * What is to be posted on a port: gathered, and sent as one batch with one transfer list.
 *
 * Invariants: order is kept; a batch is sent once, at the next call of `flush`; an item that cannot
 * be cloned takes no other with it, and somebody answers for it (H3).
 */

import type { MessagePort } from 'node:worker_threads';

/** What the one who posts does beside it. */
export interface OutboxHost<Item> {
  /** A batch was sent. */
  flushed?(): void;
  /** What goes in the place of an item that cannot be cloned. */
  instead(item: Item, error: unknown): Item | undefined;
}

export class Outbox<Item> {
  readonly #port: MessagePort;
  readonly #schedule: (flush: () => void) => void;
  readonly #host: OutboxHost<Item>;
  #batch: Item[] = [];
  #transfer: ArrayBuffer[] = [];
  #closed = false;

  /** `schedule` says when a batch is due. */
  constructor(port: MessagePort, schedule: (flush: () => void) => void, host: OutboxHost<Item>) {
    this.#port = port;
    this.#schedule = schedule;
    this.#host = host;
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
      // A buffer that somebody has forbidden to transfer, or an item that cannot be cloned: nothing
      // was sent. Each goes alone then, as a copy.
      for (const item of batch) this.#postAlone(item);
    }
    this.#host.flushed?.();
  };

  #postAlone(item: Item): void {
    try {
      this.#port.postMessage([item]);
    } catch (error) {
      const other = this.#host.instead(item, error);
      if (other !== undefined) this.#port.postMessage([other]);
    }
  }

  /** Nothing is posted any more. */
  close(): void {
    this.#closed = true;
  }
}
