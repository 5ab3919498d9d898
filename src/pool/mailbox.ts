/**
 * The mailbox of a handle: what came and was not read yet, and who waits for it.
 *
 * Invariants: messages leave in the order in which they came, each once; a `data` message returns
 * its credit when it was read (F1); after the terminal message was read the mailbox is finished for
 * ever (M5).
 */

import type { Message } from '../messages.ts';

/** Waits for one message; `undefined` tells that none will come, or not in time. */
export type Reader = (message: Message | undefined) => void;

export class Mailbox {
  readonly #returnCredit: (bytes: number) => void;
  #messages: Message[] = [];
  #readers: Reader[] = [];
  #head = 0;
  #finished = false;

  constructor(returnCredit: (bytes: number) => void) {
    this.#returnCredit = returnCredit;
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
    if (reader === undefined) {
      this.#messages.push(message);
      return;
    }
    // First the message, then its credit, which may bring the next one.
    reader(message);
    this.#noteRead(message);
  }

  /** The next message at once, `undefined` when there is none. */
  poll(): Message | undefined {
    const message = this.#messages[this.#head];
    if (message === undefined) return undefined;
    this.#head += 1;
    if (this.#head * 2 > this.#messages.length) {
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

  /** Takes out the data that nobody has read; status and the end stay. Its credit is not returned. */
  takeData(): readonly Uint8Array[] {
    const kept: Message[] = [];
    const chunks: Uint8Array[] = [];
    for (const message of this.#messages.slice(this.#head)) {
      if (message.type === 'data') chunks.push(message.chunk);
      else kept.push(message);
    }
    this.#messages = kept;
    this.#head = 0;
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
    const readers = this.#readers;
    this.#readers = [];
    for (const reader of readers) reader(undefined);
  }
}
