/**
 * The body of one exchange that runs in a thread, on its way there: the sink of its upload on the
 * pool's side. Bytes go as they are where they lie in memory that both threads see, others are
 * transferred or copied (`actors/port-outbox`).
 *
 * A piece is offered (`actors/shared-offers`) where the thread has passed on all that came before,
 * and knows the block; otherwise it is posted behind that. So pieces are taken in their order.
 *
 * What has become of them stands in the mark of the exchange, so it is known before the thread says
 * so; the thread says so for those who sleep.
 */

import type { BodySink } from './body-stream.ts';
import type { Outbox } from './port-outbox.ts';
import type { SharedBlocks } from './shared-blocks.ts';
import type { SharedMark } from './shared-marks.ts';
import type { LentPiece, SharedOffer } from './shared-offers.ts';
import type { ThreadCommand } from './thread-protocol.ts';
import { BLOCK_BYTES, type BlockShelf } from './upload-blocks.ts';
import type { UploadBody } from './upload-body.ts';

/** The way to the thread, for one upload. */
export interface UploadLink {
  readonly id: number;
  readonly mark: SharedMark;
  readonly outbox: Outbox<ThreadCommand>;
  readonly blocks: SharedBlocks;
}

export class ThreadUpload implements BodySink {
  readonly pieceBytes = BLOCK_BYTES;
  /** Whether the mark tells which bytes the system has taken. */
  drains = false;
  readonly #link: UploadLink;
  readonly #offer: SharedOffer;
  readonly #body: UploadBody;
  /** What is to be offered when this turn's work is done. */
  #next: LentPiece | undefined;
  /** Bytes that went to the thread, and that are known to have gone to the transport. */
  #acceptedBytes = 0;
  #passedBytes = 0;
  #drainedBytes = 0;

  constructor(link: UploadLink, body: UploadBody) {
    this.#link = link;
    this.#offer = link.mark.offer;
    this.#body = body;
    body.attach(this);
  }

  /** Bytes that are with the thread and not with the transport. */
  get heldBytes(): number {
    return this.#acceptedBytes - this.#passedBytes - this.#newlyPassed;
  }

  get shelf(): BlockShelf | undefined {
    return this.drains ? this.#link.blocks.shelf : undefined;
  }

  get drainedBytes(): number {
    this.#drainedBytes += this.#link.mark.drainedSince(this.#drainedBytes);
    return this.#drainedBytes;
  }

  accept(bytes: Uint8Array): boolean {
    const { id, outbox, blocks } = this.#link;
    const { byteOffset, byteLength } = bytes;
    const isAlone = this.heldBytes === 0;
    this.#acceptedBytes += byteLength;
    const block = blocks.find(bytes);
    if (isAlone && block?.isKnown === true) {
      this.#next = [block.number, byteOffset, byteLength];
      // Not now: the end may follow, and the peer must not answer before the thread knows of it.
      queueMicrotask(() => this.#offerNext());
      return true;
    }
    this.#postNext();
    if (block === undefined) {
      outbox.give(bytes);
      this.#post(['chunk', id], byteLength);
    } else {
      block.isKnown = true;
      this.#post(['lent', id, [block.number, byteOffset, byteLength]], byteLength);
    }
    return true;
  }

  acceptEnd(): void {
    this.#postNext();
    this.#link.outbox.add(['finish', this.#link.id]);
  }

  /** The request is on its connection: the body may follow. */
  started(): void {
    this.#body.pull();
  }

  /** Tells the body what has gone to the transport by now. */
  notePassed(): void {
    const bytes = this.#newlyPassed;
    if (bytes === 0) return;
    this.#passedBytes += bytes;
    this.#body.passed(bytes);
  }

  /** The thread says that more has gone: there may be room for those who wait. */
  passed(): void {
    this.notePassed();
    this.#body.chunkLeft();
  }

  /** The end has gone, too. */
  sent(): void {
    this.#body.streamEnded();
  }

  #offerNext(): void {
    const piece = this.#next;
    if (piece === undefined) return;
    this.#next = undefined;
    if (!this.#offer.put(piece)) return;
    const { id, outbox } = this.#link;
    outbox.addWeighed(['offered', id], piece[2]);
  }

  /** Something follows that is posted: what was to be offered goes before it. */
  #postNext(): void {
    const piece = this.#next;
    if (piece === undefined) return;
    this.#next = undefined;
    this.#post(['lent', this.#link.id, piece], piece[2]);
  }

  /** What stands for many bytes leaves when this job is done: the end may follow. */
  #post(command: ThreadCommand, bytes: number): void {
    const { outbox } = this.#link;
    outbox.add(command);
    if (outbox.weigh(bytes)) queueMicrotask(() => outbox.flush());
  }

  get #newlyPassed(): number {
    return this.#link.mark.passedSince(this.#passedBytes);
  }
}
