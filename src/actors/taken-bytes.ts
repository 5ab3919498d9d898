/**
 * The bytes of an upload that are the library's own and wait to be sent: at first copies of what
 * senders gave, in the end pieces for the transport.
 *
 * Invariants: bytes leave in the order in which they came, each once; with a declared length never
 * a byte too many is taken, and the last one stays until it is released (U5); a block of memory is
 * used again only when it holds nothing but bytes that the system has taken.
 */

import { BlockLoans } from './block-loans.ts';
import { BLOCK_BYTES, type BlockShelf } from './upload-blocks.ts';

/** Fewer bytes cost less to copy behind what waits than to send in a piece of their own. */
const LEAST_PIECE_BYTES = 16 * 1024;

export class TakenBytes {
  /** Bytes taken so far, those that have left included. */
  accepted = 0;
  /** Bytes that wait. */
  waiting = 0;
  readonly #contentLength: number | undefined;
  readonly #line: Uint8Array[] = [];
  /** What waits behind the line, and what has left and may still be read. */
  readonly #blocks = new BlockLoans();
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
    if (owned) {
      const isFirst = shelf === undefined && this.waiting === 0;
      if (isFirst || bytes.byteLength >= LEAST_PIECE_BYTES) this.#append(bytes);
      else this.#copy(bytes, shelf);
      this.#accept(bytes.byteLength);
      return NOTHING;
    }
    const part = bytes.byteLength <= BLOCK_BYTES ? bytes : bytes.subarray(0, BLOCK_BYTES);
    this.#copy(part, shelf);
    this.#accept(part.byteLength);
    return part === bytes ? NOTHING : bytes.subarray(BLOCK_BYTES);
  }

  /** The next bytes, at most so many. */
  next(pieceBytes: number): Uint8Array | undefined {
    if (this.waiting === 0) return undefined;
    const bytes = this.#line[0] ?? this.#blocks.next(pieceBytes);
    const piece = bytes.byteLength <= pieceBytes ? bytes : bytes.subarray(0, pieceBytes);
    if (piece !== bytes) this.#line[0] = bytes.subarray(pieceBytes);
    else if (this.#line.length > 0) this.#line.shift();
    this.waiting -= piece.byteLength;
    return piece;
  }

  /** The body is whole: its last byte may leave. */
  releaseLastByte(): void {
    const last = this.#lastByte;
    if (last === undefined) return;
    this.#lastByte = undefined;
    if (this.#blocks.fill(last, this.accepted - 1) === 0) this.#append(last);
    else this.waiting += 1;
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

  #copy(bytes: Uint8Array, shelf: BlockShelf | undefined): void {
    let copied = this.#fill(bytes, 0);
    if (copied === bytes.byteLength) return;
    if (this.#hasNewBlock(bytes.byteLength - copied, shelf)) copied += this.#fill(bytes, copied);
    if (copied < bytes.byteLength) this.#append(copyOf(bytes.subarray(copied)));
  }

  /** Whether there is one for so many bytes; without the shelf's, chunks that are small share some. */
  #hasNewBlock(bytes: number, shelf: BlockShelf | undefined): boolean {
    this.#closeBlock();
    if (shelf !== undefined && this.#blocks.borrow(shelf)) return true;
    if (this.waiting === 0 || bytes >= LEAST_PIECE_BYTES) return false;
    this.#blocks.use(Buffer.allocUnsafeSlow(LEAST_PIECE_BYTES));
    return true;
  }

  /** Copies what goes into the last block; how much that was. */
  #fill(bytes: Uint8Array, from: number): number {
    const rest = from === 0 ? bytes : bytes.subarray(from);
    const filled = this.#blocks.fill(rest, this.accepted + from);
    this.waiting += filled;
    return filled;
  }

  #append(bytes: Uint8Array): void {
    this.#closeBlock();
    this.#line.push(bytes);
    this.waiting += bytes.byteLength;
  }

  /** What waits in the last block comes before what is taken now. */
  #closeBlock(): void {
    if (this.#blocks.waiting > 0) this.#line.push(this.#blocks.next(Number.POSITIVE_INFINITY));
  }

  #accept(bytes: number): void {
    this.accepted += bytes;
    if (this.accepted === this.#contentLength) this.#holdLastByte();
  }

  #holdLastByte(): void {
    this.waiting -= 1;
    if (this.#blocks.waiting > 0) {
      this.#lastByte = this.#blocks.unfill();
      return;
    }
    const last = this.#line.pop();
    if (last === undefined) return;
    this.#lastByte = last.subarray(last.byteLength - 1);
    if (last.byteLength > 1) this.#line.push(last.subarray(0, last.byteLength - 1));
  }
}

const NOTHING = new Uint8Array(0);

function copyOf(chunk: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(chunk.byteLength);
  bytes.set(chunk);
  return bytes;
}
