/**
 * The mailbox of a handle: what came and was not read yet, and who waits for it.
 *
 * Invariants: messages leave in the order in which they came, each once; a `data` message returns
 * its credit at the moment it is read (F1); after the terminal message was read the mailbox is
 * finished for ever (M5).
 */

import type { DataMessage, Message } from '../messages.ts';

/** Waits for one message; `undefined` tells that none will come, or not in time. */
export type Reader = (message: Message | undefined) => void;

export class Mailbox {
  readonly #onRead: (message: DataMessage) => void;
  #messages: Message[] = [];
  #readers: Reader[] = [];
  #head = 0;
  #finished = false;

  constructor(onRead: (message: DataMessage) => void) {
    this.#onRead = onRead;
  }

  /** Whether somebody waits for a message right now. */
  get hasReaders(): boolean {
    return this.#readers.length > 0;
  }

  /** Whether the terminal message was read. */
  get finished(): boolean {
    return this.#finished;
  }

  put(message: Message): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#messages.push(message);
    else this.#hand(message, reader);
  }

  /** The next message at once, `undefined` when there is none. */
  poll(): Message | undefined {
    const message = this.#messages[this.#head];
    if (message === undefined) return undefined;
    this.#head += 1;
    if (this.#head > 64 || this.#head === this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
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
    if (message === undefined) this.#readers.push(reader);
    else reader(message);
  }

  /** A reader that no longer waits. */
  forget(reader: Reader): void {
    const index = this.#readers.indexOf(reader);
    if (index >= 0) this.#readers.splice(index, 1);
  }

  /** Drops the data that nobody has read; status and the end stay (X1). */
  discardData(): void {
    const kept = this.#messages.slice(this.#head).filter(({ type }) => type !== 'data');
    this.#messages = kept;
    this.#head = 0;
  }

  #hand(message: Message, reader: Reader): void {
    this.#noteRead(message);
    reader(message);
    if (this.#finished) this.#releaseReaders();
  }

  #noteRead(message: Message): void {
    if (message.type === 'data') this.#onRead(message);
    else if (message.type !== 'status') this.#finished = true;
    if (this.#finished) this.#releaseReaders();
  }

  #releaseReaders(): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader(undefined);
  }
}
