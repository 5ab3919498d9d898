/**
 * The messages of a handle as an async iterator.
 *
 * Invariant: leaving the loop before the terminal message cancels the exchange (M4); after it, or
 * after the loop was left, the iterator is finished for ever (M5). The loop keeps the handle (H8).
 */

import type { AsyncHandle } from '../async-handle.ts';
import type { Message } from '../messages.ts';
import { receiveMessage } from './awaiting.ts';
import type { HandleRecord } from './handle-record.ts';

export class MessageLoop implements AsyncIterableIterator<Message, undefined, undefined> {
  readonly #handle: AsyncHandle;
  readonly #flight: HandleRecord;
  #left = false;

  constructor(handle: AsyncHandle, flight: HandleRecord) {
    this.#handle = handle;
    this.#flight = flight;
    flight.loops += 1;
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    if (this.#left) return { done: true, value: undefined };
    const message = await receiveMessage(this.#handle, this.#flight, Number.POSITIVE_INFINITY);
    if (message === undefined) {
      this.#leave();
      return { done: true, value: undefined };
    }
    if (message.type === 'done' || message.type === 'error') this.#leave();
    return { done: false, value: message };
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

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#flight.loops -= 1;
  }
}
