/**
 * Where the messages of one streamed exchange go: into its mailbox, or to a receiver of the caller's.
 * What comes through, and when, is up to the two that extend it: `pool/delivery` where the exchange
 * runs, `pool/port/remote-delivery` in another thread.
 */

import { fillNursery } from '../actors/nursery.ts';
import type { DataMessage } from '../messages.ts';
import type { ReplyTo } from '../options.ts';
import { Mailbox } from './mailbox.ts';
import { type Deliver, deliverTo } from './receivers.ts';

/** What a route asks of its exchange. */
export interface RouteSource {
  /** `messages` loops that are running. */
  readonly loops: number;
}

export abstract class MessageRoute<Source extends RouteSource> {
  /** Where messages wait to be read; `undefined` when they go to a receiver. */
  readonly mailbox: Mailbox | undefined;
  protected readonly source: Source;
  protected readonly deliver: Deliver;
  /** Those who wait in `await`. */
  #collectors = 0;

  constructor(source: Source, receiver: ReplyTo | undefined) {
    this.source = source;
    if (receiver === undefined) {
      const mailbox = new Mailbox((bytes) => this.grant(bytes));
      this.mailbox = mailbox;
      this.deliver = (message) => mailbox.put(message);
    } else {
      this.deliver = deliverTo(receiver);
    }
  }

  /** Gives credit for `bytes` more. */
  abstract grant(bytes: number): void;

  /** An `await` begins to wait: the body is read to its end for it, unless somebody else reads. */
  collect(): void {
    this.#collectors += 1;
  }

  /** An `await` no longer waits; what it would have collected stays in the mailbox. */
  stopCollecting(): void {
    this.#collectors -= 1;
  }

  /** The body for `await`: all that nobody has read. Empty when somebody else reads (A1). */
  takeBody(): readonly Uint8Array[] {
    return this.source.loops > 0 ? [] : (this.mailbox?.takeData() ?? []);
  }

  /** Hands a chunk on; its memory is the receiver's, and most likely soon nobody's. */
  protected deliverData(message: DataMessage): void {
    fillNursery(message.chunk.byteLength);
    this.deliver(message);
  }

  /** Whether the window is lifted: an `await` collects, and nobody else reads (A1). */
  protected get isCollecting(): boolean {
    return this.#collectors > 0 && this.mailbox !== undefined && this.source.loops === 0;
  }
}
