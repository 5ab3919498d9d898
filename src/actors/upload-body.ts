/**
 * The channel between `sendBody` and the transport: order, backpressure, declared length.
 *
 * Chunks wait in two lines. *Taken* chunks are the library's own copies and may be sent at any
 * time, at most `limit` bytes and one block of them; *offered* chunks still belong to their sender
 * and are taken when there is room, large ones block by block. A sender is answered `true` when its
 * chunk is taken and there is room for more, `false` when the channel ends first (U2, U3).
 *
 * Invariants:
 *  - bytes leave in call order, each once;
 *  - every promise handed out settles: `close` answers all that still wait;
 *  - with a declared length the last byte leaves only after `finish`, and never a byte too many
 *    (U5): undici does not count on HTTP/2;
 *  - the sink is told of the end only after `finish` or `abandon`: a body that was cut is
 *    destroyed and never looks complete.
 */

import { BodyFeed } from './body-feed.ts';
import { type BodySink, BodyStream, type StreamedBody } from './body-stream.ts';
import { TakenBytes } from './taken-bytes.ts';
import { UploadSenders } from './upload-senders.ts';

/** What the channel tells its keeper. */
export interface UploadObserver {
  /** So many more bytes were passed on; 0 when the peer's side took of those that were. */
  uploadProgressed(bytes: number): void;
  /** The transport has taken everything, the end included. */
  uploadSent(): void;
  /** More, or at the finish fewer, bytes than declared. */
  uploadLengthBroken(): void;
  /** The memory of a chunk was transferred away before it was taken. */
  bodyGone(): void;
}

export interface UploadOptions {
  readonly limit: number;
  readonly contentLength: number | undefined;
  readonly observer: UploadObserver;
  /**
   * For who measures the peer: a chunk comes where little waits (`isBackedUp`). The body then leaves
   * in pieces so small that this tells of a slow sender only, never of one that waited for room.
   */
  readonly scarce?: (() => void) | undefined;
}

/**
 * With so much waiting, a sender is not what an upload waits for. Not with any byte at all: on its way
 * to a thread some of a body waits all the time, however fast the peer is.
 */
const BACKLOG_BYTES = 64 * 1024;
/** Of a body whose peer is measured so much leaves at a time: a part of its buffer, not too small. */
const PIECES_PER_BUFFER = 4;
const LEAST_PIECE_BYTES = 16 * 1024;

/** A millisecond's worth of chunks, however small they are. */
const REST_CHUNKS = 2048;

type ChannelState = 'open' | 'finished' | 'closed';

export class UploadBody implements StreamedBody {
  /** Bytes passed on to the transport. */
  bytesSent = 0;
  /** Whether the transport has read the end of the body. */
  sent = false;
  readonly #limit: number;
  readonly #contentLength: number | undefined;
  readonly #observer: UploadObserver;
  readonly #scarce: (() => void) | undefined;
  readonly #taken: TakenBytes;
  readonly #senders = new UploadSenders();
  readonly #feed: BodyFeed;
  #state: ChannelState = 'open';
  /** Whether it is about to move bytes. */
  #flushing = false;
  /** Chunks taken since their sender had to let the event loop go round. */
  #chunks = 0;

  constructor({ limit, contentLength, observer, scarce }: UploadOptions) {
    this.#limit = limit;
    this.#contentLength = contentLength;
    this.#observer = observer;
    this.#scarce = scarce;
    this.#taken = new TakenBytes(contentLength);
    const partBytes = Math.max(LEAST_PIECE_BYTES, Math.floor(limit / PIECES_PER_BUFFER));
    const pieceBytes = scarce === undefined ? Number.POSITIVE_INFINITY : partBytes;
    this.#feed = new BodyFeed(this.#taken, () => this.#flush(), pieceBytes);
  }

  /** Bytes taken and not yet with the transport. */
  get bufferedBytes(): number {
    return this.#taken.waiting + this.#feed.heldBytes;
  }

  /** Whether so much waits that it is the peer who is waited for, not a sender. */
  get isBackedUp(): boolean {
    return this.bufferedBytes >= (this.#state === 'open' ? BACKLOG_BYTES : 1);
  }

  /** Whether the body was finished, or ending it now would match what was declared. */
  get finishable(): boolean {
    if (this.#state === 'finished') return true;
    if (this.#contentLength === undefined) return true;
    return this.#taken.accepted + this.#senders.acceptedBytes === this.#contentLength;
  }

  /** Offers a chunk; `true` once it is taken and there is room for more. */
  write(chunk: Uint8Array, owned: boolean, accepted = false): Promise<boolean> {
    if (this.#state !== 'open') return RESOLVED_FALSE;
    if (chunk.byteLength === 0) return RESOLVED_TRUE;
    if (this.#senders.hasOffers || !this.#hasRoom()) {
      return this.#senders.offer({ chunk, owned, accepted });
    }
    if (this.#scarce !== undefined && !this.isBackedUp) this.#scarce();
    const rest = this.#take(chunk, owned);
    if (rest === undefined) return RESOLVED_FALSE;
    this.#chunks += 1;
    const all = rest.byteLength === 0;
    if (all && this.#hasRoom() && !this.#feed.fillsPiece) {
      this.#flushSoon();
      return this.#goOn();
    }
    const answer = all ? undefined : this.#senders.offer({ chunk: rest, owned, accepted: true });
    this.#flush();
    return answer ?? (this.#hasRoom() ? RESOLVED_TRUE : this.#senders.wait());
  }

  /**
   * Ends the body after what was offered so far. Returns `false`, and reports it, where that is
   * shorter than declared.
   */
  finish(): boolean {
    if (this.#state !== 'open') return this.#state === 'finished';
    const total = this.#taken.accepted + this.#senders.offeredBytes;
    if (this.#contentLength !== undefined && total !== this.#contentLength) {
      this.#observer.uploadLengthBroken();
      return false;
    }
    this.#state = 'finished';
    if (!this.#senders.hasOffers) this.#taken.releaseLastByte();
    this.#flush();
    return true;
  }

  /**
   * Ends the body for a dead caller: what was accepted is sent, what was only offered is not (C2).
   * After `finish` there is nothing left to do: all that was offered before it counts.
   */
  abandon(): void {
    if (this.#state !== 'open') return;
    for (const { chunk, owned, accepted, answer } of this.#senders.drop()) {
      answer(accepted && !this.#isClosed() && this.#takeAll(chunk, owned));
    }
    // One that did not fit has closed it.
    if (this.#isClosed()) return;
    this.#state = 'finished';
    this.#taken.releaseLastByte();
    this.#flush();
  }

  /** Drops what is left and answers every waiting sender with `false` (U3). */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#feed.giveBack();
    this.#taken.clear();
    this.#senders.release();
  }

  /** The stream for one dispatch. */
  open(): BodyStream {
    const stream = new BodyStream(this);
    this.attach(stream);
    return stream;
  }

  /** Where the body goes, once it is asked for. Another is possible as long as nothing was taken. */
  attach(sink: BodySink): void {
    this.#feed.attach(sink);
  }

  /** The sink wants bytes. */
  pull(): void {
    this.#feed.wanted();
    this.#flush();
  }

  /** The sink has passed bytes on towards the peer. */
  passed(bytes: number): void {
    this.bytesSent += bytes;
    this.#observer.uploadProgressed(bytes);
  }

  /** The sink holds less than before, which makes room. */
  chunkLeft(): void {
    this.#observer.uploadProgressed(0);
    this.#flush();
  }

  /** The sink has passed on the last byte. */
  streamEnded(): void {
    this.sent = true;
    this.#observer.uploadSent();
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #hasRoom(): boolean {
    return this.bufferedBytes < this.#limit;
  }

  /**
   * Takes a chunk, a large one in part: memory whose bytes the system has taken serves for the next
   * part. Returns what is left of it, `undefined` when it was refused.
   */
  #take(chunk: Uint8Array, owned: boolean): Uint8Array | undefined {
    this.#feed.giveBack();
    // It was offered with bytes: to leave them out in silence would falsify the body.
    if (chunk.byteLength === 0) {
      this.#observer.bodyGone();
      return undefined;
    }
    if (!this.#taken.fits(chunk.byteLength)) {
      this.#observer.uploadLengthBroken();
      return undefined;
    }
    return this.#taken.take(chunk, owned, this.#feed.shelf);
  }

  #takeAll(chunk: Uint8Array, owned: boolean): boolean {
    let rest: Uint8Array | undefined = chunk;
    do {
      rest = this.#take(rest, owned);
    } while (rest !== undefined && rest.byteLength > 0);
    return rest !== undefined;
  }

  /**
   * The answer where there is room. Tiny chunks fill no room for long: after so many of them a sender
   * waits for a turn of the event loop, which would otherwise have none.
   */
  #goOn(): Promise<boolean> {
    if (this.#chunks < REST_CHUNKS) return RESOLVED_TRUE;
    this.#chunks = 0;
    return new Promise((answer) => {
      setImmediate(() =>
        answer(this.#hasRoom() && !this.#isClosed() ? true : this.#senders.wait()),
      );
    });
  }

  /**
   * Moves what its senders give in this turn in one piece, which costs as much as moving each of
   * their chunks; they wait for nothing, nor do the chunks wait for another turn (U6).
   */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /** Moves bytes down while the stream wants them, then lets senders in while there is room. */
  #flush(): void {
    for (;;) {
      const wantsMore = this.#feed.run();
      if (wantsMore && this.#state === 'finished' && !this.#senders.hasOffers) this.#feed.end();
      if (!this.#admitSenders()) return;
    }
  }

  /** Whether a chunk was taken, so that there is something new to feed. */
  #admitSenders(): boolean {
    if (!this.#hasRoom()) return false;
    this.#senders.admit();
    const offer = this.#senders.next();
    if (offer === undefined) return false;
    const rest = this.#take(offer.chunk, offer.owned);
    if (rest === undefined) {
      offer.answer(false);
      return false;
    }
    if (rest.byteLength > 0) {
      this.#senders.putBack(offer, rest);
      return true;
    }
    if (this.#state === 'finished' && !this.#senders.hasOffers) this.#taken.releaseLastByte();
    this.#senders.taken(offer, this.#hasRoom());
    return true;
  }
}

const RESOLVED_TRUE: Promise<boolean> = Promise.resolve(true);
const RESOLVED_FALSE: Promise<boolean> = Promise.resolve(false);
