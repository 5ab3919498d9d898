/**
 * The way of the messages of one exchange to whoever receives them in the caller's thread, and the
 * credit that goes back for them.
 *
 * Invariants:
 *  - what was delivered and not granted, and what the pool may still send, never exceed the window
 *    together (F1), nor is more than `HOP_BYTES` ever under way;
 *  - while `await` collects and nobody else reads, the window is lifted (A1); what was delivered in
 *    that time still counts;
 *  - after the end nothing is granted.
 */

import type { DataMessage, StatusMessage, TerminalMessage } from '../../messages.ts';
import type { ReplyTo } from '../../options.ts';
import { MessageRoute, type RouteSource } from '../message-route.ts';
import type { ExchangeCommands } from './exchange-commands.ts';
import { creditOf } from './wire-call.ts';

/** What delivery asks of the exchange. */
export interface RemoteDeliverySource extends RouteSource {
  readonly commands: Pick<ExchangeCommands, 'grant'>;
}

/** Bytes that may be under way for an `await`, however small the window. */
const COLLECTED_BYTES = 64 * 1024;

export class RemoteDelivery extends MessageRoute<RemoteDeliverySource> {
  readonly #windowBytes: number;
  /** Bytes that the pool may still send. */
  #promised: number;
  /** Bytes delivered and not granted; below zero when more was granted. */
  #unread = 0;
  #discarding = false;
  #ended = false;

  constructor(source: RemoteDeliverySource, windowBytes: number, receiver: ReplyTo | undefined) {
    super(source, receiver);
    this.#windowBytes = windowBytes;
    this.#promised = creditOf(windowBytes);
  }

  status(message: StatusMessage): void {
    this.deliver(message);
  }

  data(message: DataMessage): void {
    this.#promised -= message.chunk.byteLength;
    if (this.#discarding) return;
    this.#unread += message.chunk.byteLength;
    this.deliverData(message);
    this.#promise();
  }

  grant(bytes: number): void {
    this.#unread -= bytes;
    this.#promise();
  }

  end(message: TerminalMessage): void {
    this.#ended = true;
    this.deliver(message);
  }

  /** Undelivered data is dropped, and what is still under way (X1). */
  discard(): void {
    this.#discarding = true;
    this.mailbox?.takeData();
  }

  override collect(): void {
    super.collect();
    this.#promise();
  }

  /** Lets the pool send more, once half of what it may send has been used up. */
  #promise(): void {
    if (this.#ended) return;
    const windowBytes = this.#windowBytes;
    const limit = this.isCollecting
      ? creditOf(Math.max(windowBytes, COLLECTED_BYTES))
      : creditOf(windowBytes - this.#unread);
    if (this.#promised * 2 > limit) return;
    const more = limit - this.#promised;
    if (more <= 0) return;
    this.#promised = limit;
    this.source.commands.grant(more);
  }
}
