/**
 * The channel between `sendBody` and the transport: order, backpressure, declared length.
 *
 * Chunks wait in two lines. *Taken* chunks are the library's own copies and may be sent at any
 * time, at most `limit` bytes and one chunk of them; *offered* chunks still belong to their sender
 * and are taken when there is room. A sender is answered `true` when its chunk is taken and there
 * is room for more, `false` when the channel ends first (U2, U3).
 *
 * Invariants:
 *  - bytes leave in call order, each once;
 *  - every promise handed out settles: `close` answers all that still wait;
 *  - with a declared length the last byte leaves only after `finish`, and never a byte too many
 *    (U5): undici does not count on HTTP/2;
 *  - the stream ends (`push(null)`) only after `finish` or `abandon`: a body that was cut is
 *    destroyed and never looks complete.
 */

import { Readable, type Writable } from 'node:stream';
import type { BodyChunk } from '../options.ts';

/** What the channel tells its keeper. */
export interface UploadObserver {
  /** Bytes moved towards the peer. */
  uploadProgressed(bytes: number): void;
  /** The transport has taken everything, the end included. */
  uploadSent(): void;
  /** More, or at the finish fewer, bytes than declared. */
  uploadLengthBroken(): void;
}

export interface UploadOptions {
  readonly limit: number;
  readonly contentLength: number | undefined;
  readonly observer: UploadObserver;
}

interface Offer {
  readonly chunk: Uint8Array;
  /** Text was encoded into bytes of our own: nothing to copy. */
  readonly owned: boolean;
  readonly answer: (taken: boolean) => void;
}

type ChannelState = 'open' | 'finished' | 'closed';

export class UploadBody {
  /** Bytes handed to the transport. */
  bytesSent = 0;
  /** Whether the transport has read the end of the body. */
  sent = false;
  readonly #limit: number;
  readonly #contentLength: number | undefined;
  readonly #observer: UploadObserver;
  readonly #taken: Uint8Array[] = [];
  #offered: Offer[] = [];
  /** Senders whose chunk is taken and who wait for room. */
  #waiting: ((taken: boolean) => void)[] = [];
  #takenBytes = 0;
  #acceptedBytes = 0;
  /** The last declared byte, held until `finish`. */
  #lastByte: Uint8Array | undefined;
  #state: ChannelState = 'open';
  #stream: BodyStream | undefined;
  #hungry = false;
  /** Bytes moved since the last rest. */
  #movedBytes = 0;
  #resting = false;

  constructor(options: UploadOptions) {
    this.#limit = options.limit;
    this.#contentLength = options.contentLength;
    this.#observer = options.observer;
  }

  /** Bytes taken and not yet with the transport. */
  get bufferedBytes(): number {
    return this.#takenBytes + (this.#stream?.readableLength ?? 0);
  }

  /** Whether the body was finished, or ending it now would match what was declared. */
  get finishable(): boolean {
    if (this.#state === 'finished') return true;
    return this.#contentLength === undefined || this.#acceptedBytes === this.#contentLength;
  }

  /** Offers a chunk; `true` once it is taken and there is room for more. */
  write(chunk: Uint8Array, owned: boolean): Promise<boolean> {
    if (this.#state !== 'open') return RESOLVED_FALSE;
    if (chunk.byteLength === 0) return RESOLVED_TRUE;
    if (this.#offered.length === 0 && this.#hasRoom()) {
      if (!this.#take(chunk, owned)) return RESOLVED_FALSE;
      this.#flush();
      if (this.#hasRoom()) return RESOLVED_TRUE;
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    return new Promise((answer) => this.#offered.push({ chunk, owned, answer }));
  }

  /**
   * Ends the body after what was offered so far. Returns `false`, and reports it, where that is
   * shorter than declared.
   */
  finish(): boolean {
    if (this.#state !== 'open') return this.#state === 'finished';
    let total = this.#acceptedBytes;
    for (const { chunk } of this.#offered) total += chunk.byteLength;
    if (this.#contentLength !== undefined && total !== this.#contentLength) {
      this.#observer.uploadLengthBroken();
      return false;
    }
    this.#state = 'finished';
    if (this.#offered.length === 0) this.#releaseLastByte();
    this.#flush();
    return true;
  }

  /**
   * Ends the body for a dead caller: what was taken is sent, what was only offered is not (C2).
   * After `finish` there is nothing left to do: all that was offered before it counts.
   */
  abandon(): void {
    if (this.#state !== 'open') return;
    const dropped = this.#offered;
    this.#offered = [];
    this.#state = 'finished';
    for (const { answer } of dropped) answer(false);
    this.#releaseLastByte();
    this.#flush();
  }

  /** Drops what is left and answers every waiting sender with `false` (U3). */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#taken.length = 0;
    this.#takenBytes = 0;
    const waiting = this.#waiting;
    const offered = this.#offered;
    this.#waiting = [];
    this.#offered = [];
    for (const answer of waiting) answer(false);
    for (const { answer } of offered) answer(false);
  }

  /** The stream for one dispatch. A second one is possible as long as nothing was read. */
  open(): BodyStream {
    this.#hungry = false;
    this.#stream = new BodyStream(this);
    return this.#stream;
  }

  /** The stream wants bytes. */
  pull(): void {
    this.#hungry = true;
    this.#flush();
  }

  /** The transport has taken a chunk out of the stream, which makes room. */
  chunkLeft(): void {
    this.#flush();
  }

  /** The stream has handed over its last byte. */
  streamEnded(): void {
    this.sent = true;
    this.#observer.uploadSent();
  }

  #hasRoom(): boolean {
    return this.bufferedBytes < this.#limit;
  }

  #take(chunk: Uint8Array, owned: boolean): boolean {
    let bytes = owned ? chunk : copyOf(chunk);
    if (this.#contentLength !== undefined) {
      if (this.#acceptedBytes + bytes.byteLength > this.#contentLength) {
        this.#observer.uploadLengthBroken();
        return false;
      }
      if (this.#acceptedBytes + bytes.byteLength === this.#contentLength) {
        this.#lastByte = bytes.subarray(bytes.byteLength - 1);
        this.#acceptedBytes += 1;
        bytes = bytes.subarray(0, bytes.byteLength - 1);
      }
    }
    this.#acceptedBytes += bytes.byteLength;
    if (bytes.byteLength > 0) this.#put(bytes);
    return true;
  }

  #put(bytes: Uint8Array): void {
    this.#taken.push(bytes);
    this.#takenBytes += bytes.byteLength;
  }

  #releaseLastByte(): void {
    if (this.#lastByte === undefined) return;
    this.#put(this.#lastByte);
    this.#lastByte = undefined;
  }

  /** Moves bytes down while the stream wants them, then lets senders in while there is room. */
  #flush(): void {
    for (;;) {
      this.#feed();
      if (!this.#admitSenders()) return;
    }
  }

  #feed(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    while (this.#hungry && !this.#resting && this.#state !== 'closed') {
      const bytes = this.#nextPiece();
      if (bytes === undefined) {
        if (this.#state !== 'finished' || this.#offered.length > 0) return;
        this.#hungry = false;
        stream.push(null);
        // undici leaves a body unread that it finds empty, and its end would never be seen.
        if (this.bytesSent === 0) stream.resume();
        return;
      }
      this.#takenBytes -= bytes.byteLength;
      this.bytesSent += bytes.byteLength;
      // Cleared first: `push` may ask for more before it returns.
      this.#hungry = false;
      const wantsMore = stream.push(bytes);
      if (wantsMore) this.#hungry = true;
      this.#movedBytes += bytes.byteLength;
      if (this.#movedBytes >= REST_BYTES) this.#rest();
      this.#observer.uploadProgressed(bytes.byteLength);
    }
  }

  #nextPiece(): Uint8Array | undefined {
    const chunk = this.#taken[0];
    if (chunk === undefined || chunk.byteLength <= PIECE_BYTES) return this.#taken.shift();
    this.#taken[0] = chunk.subarray(PIECE_BYTES);
    return chunk.subarray(0, PIECE_BYTES);
  }

  /**
   * Lets the event loop go round. A system that takes every write at once would otherwise keep one
   * sender, its promises and the socket among themselves: no timer would fire, and nothing be read,
   * not even the early response that makes the upload pointless.
   */
  #rest(): void {
    this.#movedBytes = 0;
    this.#resting = true;
    setImmediate(() => {
      this.#resting = false;
      this.#flush();
    });
  }

  /** Whether a chunk was taken, so that there is something new to feed. */
  #admitSenders(): boolean {
    if (!this.#hasRoom()) return false;
    const waiting = this.#waiting;
    if (waiting.length > 0) {
      this.#waiting = [];
      for (const answer of waiting) answer(true);
    }
    const offer = this.#offered.shift();
    if (offer === undefined) return false;
    if (!this.#take(offer.chunk, offer.owned)) {
      offer.answer(false);
      return false;
    }
    if (this.#state === 'finished' && this.#offered.length === 0) this.#releaseLastByte();
    if (this.#hasRoom()) offer.answer(true);
    else this.#waiting.push(offer.answer);
    return true;
  }
}

/**
 * The body as undici reads it. On HTTP/2 undici pipes it into the HTTP/2 stream; that stream is
 * kept as `target`, because only destroying it directly tells the peer honestly that an upload was
 * cut: undici's own abort ends the stream first (see `actors/exchange`).
 */
export class BodyStream extends Readable {
  /** The HTTP/2 stream undici pipes into; stays `undefined` on HTTP/1.1. */
  target: Writable | undefined;
  readonly #channel: UploadBody;

  constructor(channel: UploadBody) {
    // One chunk at a time: the channel does the buffering, and counts it.
    super({ highWaterMark: 1 });
    this.#channel = channel;
    this.once('end', () => channel.streamEnded());
    // Who destroys it with an error has told the exchange in another way.
    this.on('error', ignore);
  }

  override _read(): void {
    this.#channel.pull();
  }

  // `_read` comes before a chunk has left the buffer, and not again while that call is unanswered:
  // a sender who waits for the room of that chunk would wait for ever.
  override read(size?: number): Buffer | null {
    const chunk: Buffer | null = super.read(size);
    if (chunk !== null) this.#channel.chunkLeft();
    return chunk;
  }

  override pipe<T extends NodeJS.WritableStream>(target: T, options?: { end?: boolean }): T {
    // Node's pipeline hands over a `Writable`; the declared type is older than that.
    this.target = target as unknown as Writable;
    return super.pipe(target, options);
  }
}

/** The bytes of a chunk and whether they are our own; `undefined` for a value of another type. */
export function chunkBytes(
  chunk: BodyChunk,
): { readonly bytes: Uint8Array; readonly owned: boolean } | undefined {
  if (typeof chunk === 'string') return { bytes: Buffer.from(chunk, 'utf8'), owned: true };
  if (ArrayBuffer.isView(chunk)) {
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return { bytes, owned: false };
  }
  if (chunk instanceof ArrayBuffer) return { bytes: new Uint8Array(chunk), owned: false };
  return undefined;
}

/** Bytes that one upload moves in one go. */
const REST_BYTES = 256 * 1024;

/**
 * Bytes handed to the transport at a time. Node refuses the response headers of every stream of an
 * HTTP/2 session that holds more than 10 MiB (`maxSessionMemory`).
 */
const PIECE_BYTES = 64 * 1024;

function copyOf(chunk: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(chunk.byteLength);
  bytes.set(chunk);
  return bytes;
}

function ignore(): void {}

const RESOLVED_TRUE: Promise<boolean> = Promise.resolve(true);
const RESOLVED_FALSE: Promise<boolean> = Promise.resolve(false);
