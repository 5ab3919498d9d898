/**
 * The way of the messages of one streamed exchange to whoever receives them, under its window.
 *
 * Invariants:
 *  - what was delivered and not granted never exceeds the window: a chunk that is larger than the
 *    credit is split, its rest is held and the transport stops being read (F1, F2);
 *  - order: while something is held, everything after it is held too;
 *  - while `await` collects and nobody else reads, the window is lifted (A1); what was delivered in
 *    that time still counts, so afterwards the credit may be below zero until it is read;
 *  - `mute` is for ever: nothing is delivered any more, nothing is held, nothing is paused.
 */

import type { DataMessage, StatusMessage, TerminalMessage } from '../messages.ts';
import type { ReplyTo } from '../options.ts';
import { MessageRoute, type RouteSource } from './message-route.ts';

/** What delivery asks of the exchange. */
export interface DeliverySource extends RouteSource {
  readonly ref: string;
  /** Credit is used up: stop reading. */
  pauseReading(): void;
  /** There is credit again. */
  resumeReading(): void;
  /** The last held chunk was delivered. */
  heldDelivered(): void;
}

export class Delivery extends MessageRoute<DeliverySource> {
  #credit: number;
  #held: Uint8Array[] = [];
  #paused = false;
  #muted = false;
  #ended = false;
  #handing = false;

  constructor(source: DeliverySource, windowBytes: number, receiver: ReplyTo | undefined) {
    super(source, receiver);
    this.#credit = windowBytes;
  }

  /** Whether chunks wait for credit. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Bytes that could come now without a pause after them. */
  get room(): number {
    return this.#muted ? Number.POSITIVE_INFINITY : this.#limit;
  }

  status(message: StatusMessage): void {
    if (!this.#muted) this.deliver(message);
  }

  data(chunk: Uint8Array): void {
    if (this.#muted) return;
    if (chunk.byteLength <= this.#limit && this.#held.length === 0) {
      this.#credit -= chunk.byteLength;
      this.#hand(chunk);
      return;
    }
    // Held and paused before a part of it is delivered: the receiver may grant while it takes it.
    this.#held.push(chunk);
    if (!this.#paused) {
      this.#paused = true;
      this.source.pauseReading();
    }
    this.#handHeld();
  }

  /** Gives credit for `bytes` more; delivers what was held, then lets the transport read on. */
  grant(bytes: number): void {
    if (this.#ended) return;
    this.#credit += bytes;
    if (this.#held.length > 0 || this.#paused) this.#handHeld();
  }

  /** The terminal message; needs no credit (F3). */
  end(message: TerminalMessage): void {
    this.#held = [];
    this.#ended = true;
    this.deliver(message);
  }

  /** Undelivered data is dropped: those held, and those that nobody has read (X1). */
  discard(): void {
    this.#held = [];
    this.mailbox?.takeData();
  }

  /** Nobody is there for the response any more; it is read to its end and dropped. */
  mute(): void {
    this.#muted = true;
    this.discard();
    if (!this.#paused) return;
    this.#paused = false;
    this.source.resumeReading();
  }

  override collect(): void {
    super.collect();
    this.#handHeld();
  }

  /**
   * Delivers what is held as far as the credit goes. A receiver that grants in the midst of it only
   * adds to the credit: one grant per byte must not become one stack frame per byte.
   */
  #handHeld(): void {
    if (this.#handing) return;
    this.#handing = true;
    for (;;) {
      const chunk = this.#held[0];
      const bytes = Math.min(chunk?.byteLength ?? 0, Math.floor(this.#limit));
      if (chunk === undefined || bytes <= 0) break;
      this.#credit -= bytes;
      if (bytes === chunk.byteLength) this.#held.shift();
      else this.#held[0] = chunk.subarray(bytes);
      this.#hand(bytes === chunk.byteLength ? chunk : chunk.subarray(0, bytes));
    }
    this.#handing = false;
    // A receiver may have ended the exchange while it took its part.
    if (this.#held.length > 0 || !this.#paused || this.#muted || this.#ended) return;
    this.#paused = false;
    this.source.resumeReading();
    this.source.heldDelivered();
  }

  /** Bytes that may be delivered now. */
  get #limit(): number {
    return this.isCollecting ? Number.POSITIVE_INFINITY : this.#credit;
  }

  #hand(chunk: Uint8Array): void {
    const message: DataMessage = { type: 'data', ref: this.source.ref, chunk };
    this.deliverData(message);
  }
}
