/**
 * The mailbox of a handle: what came and was not read yet, and who waits for it.
 *
 * Invariants: messages leave in the order in which they came, each once; a `data` message returns
 * its credit when it was read (F1); after the terminal message was read the mailbox is finished for
 * ever (M5).
 */

import { Fifo } from '../actors/fifo.ts';
import type { Message } from '../messages.ts';

/** Waits for one message; `undefined` tells that none will come, or not in time. */
export type Reader = (message: Message | undefined) => void;

export class Mailbox {
  readonly #returnCredit: (bytes: number) => void;
  #messages = new Fifo<Message>();
  /** The one who waits longest; mostly there is one. */
  #reader: Reader | undefined;
  #laterReaders: Reader[] = [];
  #finished = false;

  constructor(returnCredit: (bytes: number) => void) {
    this.#returnCredit = returnCredit;
  }

  /** Whether somebody waits for a message right now. */
  get hasReaders(): boolean {
    return this.#reader !== undefined;
  }

  /** Whether the terminal message was read. */
  get finished(): boolean {
    return this.#finished;
  }

  put(message: Message): void {
    const reader = this.#reader;
    if (reader === undefined) {
      this.#messages.push(message);
      return;
    }
    this.#reader = this.#laterReaders.shift();
    // First the message, then its credit, which may bring the next one.
    reader(message);
    this.#noteRead(message);
  }

  /** The next message at once, `undefined` when there is none. */
  poll(): Message | undefined {
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    this.#noteRead(message);
    return message;
  }

  /** Hands the next message to the reader, now or when it comes. */
  read(reader: Reader): void {
    if (this.#finished) {
      reader(undefined);
      return;
    }
    const message = this.poll();
    if (message !== undefined) reader(message);
    else if (this.#reader === undefined) this.#reader = reader;
    else this.#laterReaders.push(reader);
  }

  /** A reader that no longer waits. */
  forget(reader: Reader): void {
    if (this.#reader === reader) {
      this.#reader = this.#laterReaders.shift();
      return;
    }
    const index = this.#laterReaders.indexOf(reader);
    if (index >= 0) this.#laterReaders.splice(index, 1);
  }

  /** Takes out the data that nobody has read; status and the end stay. Its credit is not returned. */
  takeData(): readonly Uint8Array[] {
    const messages = this.#messages;
    this.#messages = new Fifo();
    const chunks: Uint8Array[] = [];
    for (const message of messages) {
      if (message.type === 'data') chunks.push(message.chunk);
      else this.#messages.push(message);
    }
    return chunks;
  }

  #noteRead(message: Message): void {
    if (message.type === 'data') {
      this.#returnCredit(message.chunk.byteLength);
    } else if (message.type !== 'status') {
      this.#finished = true;
      this.#releaseReaders();
    }
  }

  #releaseReaders(): void {
    while (this.#reader !== undefined) {
      const reader = this.#reader;
      this.#reader = this.#laterReaders.shift();
      reader(undefined);
    }
  }
}
