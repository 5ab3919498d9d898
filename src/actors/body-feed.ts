/**
 * Moves the taken bytes of one upload to its sink, as that wants them.
 *
 * Invariants: nothing is moved that the sink does not want; the event loop goes round now and then,
 * however fast the sink is; memory is given back only when the system has taken what was in it.
 */

import type { BodySink } from './body-stream.ts';
import type { TakenBytes } from './taken-bytes.ts';
import type { BlockShelf } from './upload-blocks.ts';

/** Bytes that one upload moves in one go: less than a millisecond's worth, where all are taken. */
const REST_BYTES = 1024 * 1024;
/** However small they are. */
const REST_PIECES = 128;

export class BodyFeed {
  readonly #taken: TakenBytes;
  readonly #pieceBytes: number;
  readonly #rested: () => void;
  #sink: BodySink | undefined;
  #hungry = false;
  /** What was moved since the last rest. */
  #movedBytes = 0;
  #movedPieces = 0;
  #resting = false;
  /** Whether the sink was told of the end. */
  #ended = false;

  /**
   * `rested` is called when it can go on after a rest. It moves no more than `pieceBytes` in one
   * piece, however many the sink accepts.
   */
  constructor(taken: TakenBytes, rested: () => void, pieceBytes = Number.POSITIVE_INFINITY) {
    this.#taken = taken;
    this.#pieceBytes = pieceBytes;
    this.#rested = rested;
  }

  /** Bytes that the sink has accepted and not passed on. */
  get heldBytes(): number {
    return this.#sink?.heldBytes ?? 0;
  }

  /** Whether as much waits as is moved at a time. */
  get fillsPiece(): boolean {
    return this.#sink !== undefined && this.#taken.waiting >= this.#mostBytes(this.#sink);
  }

  /** Memory for what is to be moved, where it can be known when the system has taken it. */
  get shelf(): BlockShelf | undefined {
    return this.#sink?.shelf;
  }

  /** Bytes of the body that the system has taken, as far as it can be known now. */
  get drainedBytes(): number | undefined {
    return this.#sink?.drainedBytes;
  }

  /** Where the bytes go, once they are asked for. */
  attach(sink: BodySink): void {
    this.#hungry = false;
    this.#ended = false;
    this.#sink = sink;
  }

  /** The sink wants bytes. */
  wanted(): void {
    this.#hungry = true;
    this.giveBack();
  }

  /** Moves what there is; whether the sink wants more than that. */
  run(): boolean {
    const sink = this.#sink;
    if (sink === undefined) return false;
    // The end needs no rest: a peer that has counted the bytes may answer before it comes.
    while (this.#hungry && !(this.#resting && this.#taken.waiting > 0)) {
      const bytes = this.#taken.next(this.#mostBytes(sink));
      if (bytes === undefined) return true;
      // Cleared first: the sink may ask for more before it returns.
      this.#hungry = false;
      if (sink.accept(bytes)) this.#hungry = true;
      this.giveBack();
      this.#movedBytes += bytes.byteLength;
      this.#movedPieces += 1;
      if (this.#movedBytes >= REST_BYTES || this.#movedPieces >= REST_PIECES) this.#rest();
    }
    return false;
  }

  /** Tells the sink that this was all. */
  end(): void {
    this.#hungry = false;
    if (this.#ended) return;
    this.#ended = true;
    this.#sink?.acceptEnd();
  }

  /** What the system has taken leaves its memory to the next chunks. */
  giveBack(): void {
    const bytes = this.#taken.borrows ? this.drainedBytes : undefined;
    if (bytes !== undefined) this.#taken.giveBack(bytes);
  }

  #mostBytes({ pieceBytes }: BodySink): number {
    return Math.min(pieceBytes, this.#pieceBytes);
  }

  /**
   * Lets the event loop go round. A system that takes every write at once would otherwise keep one
   * sender, its promises and the socket among themselves: no timer would fire, and nothing be read,
   * not even the early response that makes the upload pointless.
   */
  #rest(): void {
    this.#movedBytes = 0;
    this.#movedPieces = 0;
    this.#resting = true;
    setImmediate(() => {
      this.#resting = false;
      this.#rested();
    });
  }
}
