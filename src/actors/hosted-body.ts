/**
 * The body of an exchange in a worker's thread: pieces from the pool, until the transport takes them.
 * The pool has counted and held back what there is to count and to hold back.
 *
 * Invariants: pieces leave in the order in which they came; the transport is told of the end only
 * after `finish`, and never of the end of a body that was cut by `close`.
 */

import { BodyFeed } from './body-feed.ts';
import { BodyStream, type StreamedBody } from './body-stream.ts';
import type { BlockTable } from './shared-blocks.ts';
import type { LentPiece, SharedOffer } from './shared-offers.ts';
import { TakenBytes } from './taken-bytes.ts';

/** What the body tells its keeper. */
export interface BodyKeeper {
  /** So many more bytes were passed on; 0 when the transport took of those that were. */
  bodyProgressed(bytes: number): void;
  /** The transport has taken everything, the end included. */
  bodySent(): void;
}

export class HostedBody implements StreamedBody {
  bytesSent = 0;
  sent = false;
  readonly #offer: SharedOffer;
  readonly #blocks: BlockTable;
  readonly #keeper: BodyKeeper;
  readonly #taken = new TakenBytes(undefined);
  readonly #feed = new BodyFeed(this.#taken, () => this.#flush());
  #isFinished = false;
  #isClosed = false;

  constructor(offer: SharedOffer, blocks: BlockTable, keeper: BodyKeeper) {
    this.#offer = offer;
    this.#blocks = blocks;
    this.#keeper = keeper;
  }

  /** Whether it will be known what the system has taken. */
  get drains(): boolean {
    return this.#feed.shelf !== undefined;
  }

  /** Bytes that the system has taken, as far as it can be known now. */
  get drainedBytes(): number | undefined {
    return this.#feed.drainedBytes;
  }

  /** Whether pieces wait here for the transport. */
  get hasMore(): boolean {
    return this.#taken.waiting > 0;
  }

  open(): BodyStream {
    const stream = new BodyStream(this);
    this.#feed.attach(stream);
    return stream;
  }

  /** A piece has come; one that was offered came before it. */
  add(piece: Uint8Array): void {
    if (this.#isClosed) return;
    this.#takeLent(this.#offer.take());
    this.#take(piece);
    this.#flush();
  }

  /** One is offered. */
  offered(): void {
    this.#flush();
  }

  /** It ends after what has come, or was offered. */
  finish(): void {
    if (this.#isClosed || this.#isFinished) return;
    this.#takeLent(this.#offer.take());
    this.#isFinished = true;
    this.#flush();
  }

  /** Drops what has not left. */
  close(): void {
    this.#isClosed = true;
    this.#taken.clear();
  }

  pull(): void {
    this.#feed.wanted();
    this.#flush();
  }

  passed(bytes: number): void {
    this.bytesSent += bytes;
    this.#keeper.bodyProgressed(bytes);
  }

  chunkLeft(): void {
    this.#keeper.bodyProgressed(0);
    this.#flush();
  }

  streamEnded(): void {
    this.sent = true;
    this.#keeper.bodySent();
  }

  #takeLent(lent: LentPiece | undefined): boolean {
    const piece = lent && this.#blocks.bytes(lent);
    if (piece !== undefined) this.#take(piece);
    return piece !== undefined;
  }

  #take(piece: Uint8Array): void {
    this.#feed.giveBack();
    this.#taken.take(piece, true, undefined);
  }

  /** Moves on what the transport wants; an offer is looked for when there is nothing else. */
  #flush(): void {
    while (!this.#isClosed && this.#feed.run()) {
      if (this.#isFinished) {
        this.#feed.end();
        return;
      }
      if (!this.#takeLent(this.#offer.takeOrAwait())) return;
    }
  }
}
