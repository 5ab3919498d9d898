/**
 * The messages of a handle as an async iterator.
 *
 * Invariant: leaving the loop before the terminal message cancels the exchange (M4); after it, or
 * after the loop was left, the iterator is finished for ever (M5). The loop keeps the handle (H8).
 */

import type { AsyncHandle } from '../async-handle.ts';
import type { Message } from '../messages.ts';
import type { HandleRecord } from './handle-record.ts';
import type { Mailbox } from './mailbox.ts';

export class MessageLoop implements AsyncIterableIterator<Message, undefined, undefined> {
  /** Held for its own sake. */
  readonly handle: AsyncHandle;
  readonly #flight: HandleRecord;
  readonly #mailbox: Mailbox | undefined;
  #left = false;

  constructor(handle: AsyncHandle, flight: HandleRecord) {
    this.handle = handle;
    this.#flight = flight;
    this.#mailbox = flight.delivery.mailbox;
    flight.loops += 1;
  }

  // One promise and no more: it is called for every chunk.
  next(): Promise<IteratorResult<Message, undefined>> {
    const mailbox = this.#mailbox;
    const { elsewhere } = this.#flight;
    if (elsewhere !== undefined && !this.#left) {
      return elsewhere.receive(Number.POSITIVE_INFINITY).then((message) => this.#resultOf(message));
    }
    const ready = this.#left ? undefined : mailbox?.poll();
    if (ready !== undefined || this.#left || mailbox === undefined) {
      return Promise.resolve(this.#resultOf(ready));
    }
    return new Promise((resolve) => mailbox.read((message) => resolve(this.#resultOf(message))));
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    if (!this.#left) {
      this.#leave();
      this.#flight.stop('ERR_CANCELLED');
    }
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<Message, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #resultOf(message: Message | undefined): IteratorResult<Message, undefined> {
    if (message === undefined || message.type === 'done' || message.type === 'error') this.#leave();
    if (message === undefined) return { done: true, value: undefined };
    return { done: false, value: message };
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#flight.loops -= 1;
  }
}
