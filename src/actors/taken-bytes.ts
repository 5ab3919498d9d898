/**
 * The bytes of an upload that are the library's own and wait to be sent: at first copies of what
 * senders gave, in the end pieces for the transport.
 *
 * Invariants: bytes leave in the order in which they came, each once; with a declared length never
 * a byte too many is taken, and the last one stays until it is released (U5); a block of memory is
 * used again only when it holds nothing but bytes that the system has taken.
 */

import { BLOCK_BYTES, type BlockShelf, UploadBlocks } from './upload-blocks.ts';

/** Smaller copies are cheap enough in memory of their own. */
const LEAST_BLOCK_BYTES = 8 * 1024;

export class TakenBytes {
  /** Bytes taken so far, those that have left included. */
  accepted = 0;
  /** Bytes that wait. */
  waiting = 0;
  readonly #contentLength: number | undefined;
  readonly #line: Uint8Array[] = [];
  readonly #blocks = new UploadBlocks();
  /** The last declared byte. */
  #lastByte: Uint8Array | undefined;

  constructor(contentLength: number | undefined) {
    this.#contentLength = contentLength;
  }

  /** Whether it uses memory again that it must be told about by `giveBack`. */
  get borrows(): boolean {
    return !this.#blocks.isEmpty;
  }

  /** Whether so many bytes more are not too many. */
  fits(bytes: number): boolean {
    return this.#contentLength === undefined || this.accepted + bytes <= this.#contentLength;
  }

  /**
   * Takes bytes that fit: whole where they are our own, otherwise a copy of no more than a block,
   * in memory of the `shelf` where there is one. Returns what is left.
   */
  take(bytes: Uint8Array, owned: boolean, shelf: BlockShelf | undefined): Uint8Array {
    const fitsBlock = bytes.byteLength <= BLOCK_BYTES;
    if (owned) this.#put(bytes);
    else this.#put(this.#copy(fitsBlock ? bytes : bytes.subarray(0, BLOCK_BYTES), shelf));
    return owned || fitsBlock ? NOTHING : bytes.subarray(BLOCK_BYTES);
  }

  /** The next bytes, at most so many. */
  next(pieceBytes: number): Uint8Array | undefined {
    const bytes = this.#line[0];
    if (bytes === undefined) return undefined;
    if (bytes.byteLength <= pieceBytes) {
      this.#line.shift();
      this.waiting -= bytes.byteLength;
      return bytes;
    }
    this.#line[0] = bytes.subarray(pieceBytes);
    this.waiting -= pieceBytes;
    return bytes.subarray(0, pieceBytes);
  }

  /** The body is whole: its last byte may leave. */
  releaseLastByte(): void {
    if (this.#lastByte !== undefined) this.#append(this.#lastByte);
    this.#lastByte = undefined;
  }

  /** The system has taken so many bytes of the body. */
  giveBack(bytes: number): void {
    this.#blocks.giveBack(bytes);
  }

  /** Drops what waits; what has left may still be on its way. */
  clear(): void {
    this.#line.length = 0;
    this.waiting = 0;
    this.#blocks.drop();
  }

  #copy(bytes: Uint8Array, shelf: BlockShelf | undefined): Uint8Array {
    const isLarge = bytes.byteLength >= LEAST_BLOCK_BYTES;
    const end = this.accepted + bytes.byteLength;
    return (isLarge && shelf && this.#blocks.copy(bytes, end, shelf)) || copyOf(bytes);
  }

  #put(bytes: Uint8Array): void {
    this.#append(bytes);
    this.accepted += bytes.byteLength;
    if (this.accepted === this.#contentLength) this.#holdLastByte();
  }

  #append(bytes: Uint8Array): void {
    this.#line.push(bytes);
    this.waiting += bytes.byteLength;
  }

  #holdLastByte(): void {
    const last = this.#line.pop();
    if (last === undefined) return;
    this.waiting -= last.byteLength;
    this.#lastByte = last.subarray(last.byteLength - 1);
    if (last.byteLength > 1) this.#append(last.subarray(0, last.byteLength - 1));
  }
}

const NOTHING = new Uint8Array(0);

function copyOf(chunk: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(chunk.byteLength);
  bytes.set(chunk);
  return bytes;
}
