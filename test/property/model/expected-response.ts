/**
 * What has to be delivered of a response: how far under its window, and what is left in a mailbox.
 * Where the network cuts a body into chunks cannot be known, only how many bytes are delivered.
 */

import type { Isolation } from '../../helpers/thread-pool.ts';

/** What a mailbox gives next. */
export type NextMessage = 'status' | 'data' | 'end' | 'nothing more' | undefined;

export class ExpectedResponse {
  readonly stream: boolean;
  readonly isMailbox: boolean;
  /** Bytes that may be delivered and not granted. */
  readonly window: number;
  status: number | undefined;
  declared: number | undefined;
  /** Bytes the peer has sent. */
  written = 0;
  /** Whether the peer has sent all of it. */
  ended = false;
  /** Bytes delivered: to the receiver, or into the mailbox. */
  delivered = 0;
  granted = 0;
  /** Read from the mailbox. */
  readBytes = 0;
  /** Whether the status was delivered. */
  told = false;
  statusRead = false;
  endRead = false;
  /** `await`s that wait. */
  collectors = 0;
  looping = false;
  muted = false;
  over = false;
  /** Bytes that the pool can have received: what comes behind a chunk that is held is not read. */
  receivable = 0;
  /** Bytes that the pool surely receives with this step: what waits for credit stays in the socket. */
  arriving = 0;
  /** A thread reads one chunk beyond what it was granted for an `await` that gave up since. */
  #readsBeyond = false;

  constructor(stream: boolean, isMailbox: boolean, window: number) {
    this.stream = stream;
    this.isMailbox = isMailbox;
    this.window = window;
  }

  /** Whether all that was sent is delivered, so that what comes next is seen. */
  get isCaughtUp(): boolean {
    return !this.stream || this.muted || this.delivered === this.written;
  }

  /** Delivers as far as the credit goes; a loop reads at once, which gives it back. */
  deliver(): void {
    const before = this.delivered;
    this.#deliver();
    if (this.isCaughtUp || this.delivered > before) this.receivable = this.written;
  }

  #deliver(): void {
    if (!this.stream || this.muted || this.over) return;
    if (this.isMailbox && (this.looping || this.collectors > 0)) {
      this.delivered = this.written;
    } else {
      const credit = this.window + this.granted + this.readBytes;
      this.delivered = Math.max(this.delivered, Math.min(this.written, credit));
    }
    if (this.looping) this.readBytes = this.delivered;
  }

  /** The peer has sent more. */
  write(bytes: number): void {
    const { isCaughtUp } = this;
    this.written += bytes;
    if (isCaughtUp || this.#readsBeyond) this.receivable = this.written;
    if (!isCaughtUp) this.#readsBeyond = false;
  }

  /** An `await` gives up, and the window counts again. */
  stopCollecting(isolation: Isolation): void {
    this.collectors -= 1;
    this.#readsBeyond = isolation === 'thread' && this.collectors === 0;
  }

  /** Nothing more is delivered but the end; what nobody has read is dropped. */
  mute(): void {
    this.muted = true;
    this.discard();
  }

  discard(): void {
    if (this.isMailbox) this.delivered = this.readBytes;
  }

  /** What a mailbox has next. */
  get next(): NextMessage {
    if (this.endRead) return 'nothing more';
    if (this.told && !this.statusRead) return 'status';
    if (this.delivered > this.readBytes) return 'data';
    return this.over ? 'end' : undefined;
  }

  /** A message was read from the mailbox. */
  read(bytes: number): void {
    const { next } = this;
    if (next === 'status') this.statusRead = true;
    else if (next === 'data') this.readBytes += bytes;
    else this.endRead = true;
  }

  /** A loop reads all there is. */
  readAll(): void {
    this.statusRead = this.told;
    this.readBytes = this.delivered;
    this.endRead = this.over;
  }
}
