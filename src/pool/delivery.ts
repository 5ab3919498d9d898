/**
 * The way of the messages of one streamed exchange to whoever receives them, under its window.
 *
 * Invariants:
 *  - what was delivered and not granted never exceeds the window: a chunk that is larger than the
 *    credit is split, its rest is held and the transport stops being read (F1, F2);
 *  - order: while something is held, everything after it is held too;
 *  - `mute` is for ever: nothing is delivered any more, nothing is held, nothing is paused.
 */

import type { DataMessage, Message, StatusMessage, TerminalMessage } from '../messages.ts';
import type { ReplyTo } from '../options.ts';
import { Mailbox } from './mailbox.ts';
import { type Deliver, deliverTo } from './receivers.ts';

/** What delivery asks of the exchange. */
export interface DeliverySource {
  readonly ref: string;
  /** Credit is used up: stop reading. */
  pauseReading(): void;
  /** There is credit again. */
  resumeReading(): void;
  /** The last held chunk was delivered. */
  heldDelivered(): void;
}

export class Delivery {
  /** Where messages wait to be read; `undefined` when they go to a receiver. */
  readonly mailbox: Mailbox | undefined;
  readonly #source: DeliverySource;
  readonly #deliver: Deliver;
  #credit: number;
  #held: Uint8Array[] = [];
  #paused = false;
  #muted = false;
  /** Chunks taken for `await`, when nobody else reads (A1). */
  #collected: Uint8Array[] | undefined;

  constructor(source: DeliverySource, windowBytes: number, receiver: ReplyTo | undefined) {
    this.#source = source;
    this.#credit = windowBytes;
    if (receiver === undefined) {
      const mailbox = new Mailbox((message) => this.grant(message.chunk.byteLength));
      this.mailbox = mailbox;
      this.#deliver = (message) => mailbox.put(message);
    } else {
      this.#deliver = deliverTo(receiver);
    }
  }

  /** Whether chunks wait for credit. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The body as far as `collect` took it. */
  get collected(): readonly Uint8Array[] {
    return this.#collected ?? [];
  }

  status(message: StatusMessage): void {
    if (!this.#muted) this.#deliver(message);
  }

  data(chunk: Uint8Array): void {
    if (this.#muted) return;
    if (this.#held.length > 0) {
      this.#held.push(chunk);
      return;
    }
    const credit = this.#credit;
    if (chunk.byteLength <= credit) {
      this.#credit = credit - chunk.byteLength;
      this.#hand(chunk);
      return;
    }
    // Held before the first part is delivered: the receiver may grant while it takes it.
    this.#held.push(credit > 0 ? chunk.subarray(credit) : chunk);
    this.#credit = 0;
    this.#paused = true;
    this.#source.pauseReading();
    if (credit > 0) this.#hand(chunk.subarray(0, credit));
  }

  /** Gives credit for `bytes` more; delivers what was held, then lets the transport read on. */
  grant(bytes: number): void {
    this.#credit += bytes;
    while (this.#credit > 0 && !this.#muted) {
      const chunk = this.#held[0];
      if (chunk === undefined) break;
      if (chunk.byteLength <= this.#credit) {
        this.#held.shift();
        this.#credit -= chunk.byteLength;
        this.#hand(chunk);
      } else {
        const part = chunk.subarray(0, this.#credit);
        this.#held[0] = chunk.subarray(this.#credit);
        this.#credit = 0;
        this.#hand(part);
      }
    }
    if (this.#held.length > 0 || !this.#paused || this.#muted) return;
    this.#paused = false;
    this.#source.resumeReading();
    this.#source.heldDelivered();
  }

  /** The terminal message; needs no credit (F3). */
  end(message: TerminalMessage): void {
    this.#held = [];
    this.#deliver(message);
  }

  /** Undelivered data is dropped: those held, and those that nobody has read (X1). */
  discard(): void {
    this.#held = [];
    this.mailbox?.discardData();
  }

  /** Nobody is there for the response any more; it is read to its end and dropped. */
  mute(): void {
    this.#muted = true;
    this.discard();
    if (!this.#paused) return;
    this.#paused = false;
    this.#source.resumeReading();
  }

  /** From now on, and for what is unread, the body is collected for `await`. */
  collect(): void {
    const mailbox = this.mailbox;
    if (mailbox === undefined || this.#collected !== undefined) return;
    this.#collected = [];
    for (;;) {
      const message = mailbox.poll();
      if (message === undefined) return;
      if (message.type === 'data') this.#collected.push(message.chunk);
    }
  }

  #hand(chunk: Uint8Array): void {
    if (this.#collected !== undefined && this.mailbox?.hasReaders === false) {
      this.#collected.push(chunk);
      this.grant(chunk.byteLength);
      return;
    }
    const message: DataMessage = { type: 'data', ref: this.#source.ref, chunk };
    this.#deliver(message as Message);
  }
}
