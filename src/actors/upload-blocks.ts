/**
 * Memory for the copies of upload chunks, used again and again: a fresh copy of every chunk costs
 * as much as sending it, because the system has to make its pages anew each time.
 *
 * A block is lent to one upload, which gives it back when the system has taken the bytes in it. One
 * whose bytes may still be read by anybody is left to the garbage collector instead.
 *
 * Invariant: of a shelf's blocks there are at most `MAX_BLOCKS` at a time, lent or free.
 */

import { markAsUntransferable } from 'node:worker_threads';

export const BLOCK_BYTES = 64 * 1024;

/**
 * Where a block lies in its memory. What is allocated one behind the other in this size lies 16
 * bytes further in its page each time; and the C library's copy (`rep movsb` on AMD) takes up to
 * 20 times as long where the target begins 1 to 31 bytes further in its page than the source.
 */
const BLOCK_OFFSET = 2048;

/** What memory for one block has to have. */
export const BLOCK_MEMORY_BYTES = BLOCK_OFFSET + BLOCK_BYTES;

/** 2 MiB per shelf, however many uploads there are. */
const MAX_BLOCKS = 32;

/** The block in `BLOCK_MEMORY_BYTES` of memory. */
export function blockIn(memory: ArrayBufferLike): Buffer {
  return Buffer.from(memory, BLOCK_OFFSET, BLOCK_BYTES);
}

export interface BlockMaker {
  /** A new block of `BLOCK_BYTES`. */
  make(): Uint8Array;
  /** It is not used again. */
  forget?(block: Uint8Array): void;
}

/** The blocks that uploads of one kind share. */
export class BlockShelf {
  readonly #maker: BlockMaker;
  readonly #free: Uint8Array[] = [];
  #count = 0;

  constructor(maker: BlockMaker) {
    this.#maker = maker;
  }

  /** Blocks that exist, lent or free; for tests. */
  get counts(): { readonly lent: number; readonly free: number } {
    return { lent: this.#count - this.#free.length, free: this.#free.length };
  }

  lend(): Uint8Array | undefined {
    const block = this.#free.pop();
    if (block !== undefined || this.#count === MAX_BLOCKS) return block;
    this.#count += 1;
    return this.#maker.make();
  }

  takeBack(block: Uint8Array): void {
    this.#free.push(block);
  }

  /** One that was lent does not come back. */
  forget(block: Uint8Array): void {
    this.#count -= 1;
    this.#maker.forget?.(block);
  }
}

/** For uploads whose transport is in this thread. */
export const OWN_BLOCKS = new BlockShelf({
  make() {
    // Of its own, not a part of Node's pool; whoever would give it to a thread has to copy it.
    const memory = Buffer.allocUnsafeSlow(BLOCK_MEMORY_BYTES).buffer;
    markAsUntransferable(memory);
    return blockIn(memory);
  },
});

interface Loan {
  readonly shelf: BlockShelf;
  readonly block: Uint8Array;
  /** Where its bytes end in the body. */
  readonly end: number;
}

/** The blocks lent to one upload, in the order of their bytes. */
export class UploadBlocks {
  #loans: Loan[] = [];

  /** Whether nothing is lent. */
  get isEmpty(): boolean {
    return this.#loans.length === 0;
  }

  /**
   * A copy of at most `BLOCK_BYTES` bytes that end at `end` in the body. `undefined` when there is
   * no block for them.
   */
  copy(bytes: Uint8Array, end: number, shelf: BlockShelf): Uint8Array | undefined {
    const block = shelf.lend();
    if (block === undefined) return undefined;
    this.#loans.push({ shelf, block, end });
    copyInto(block, bytes);
    return bytes.byteLength === BLOCK_BYTES ? block : block.subarray(0, bytes.byteLength);
  }

  /** Gives back what holds nothing but the first `position` bytes of the body. */
  giveBack(position: number): void {
    let loan = this.#loans[0];
    while (loan !== undefined && loan.end <= position) {
      loan.shelf.takeBack(loan.block);
      this.#loans.shift();
      loan = this.#loans[0];
    }
  }

  /** Leaves the rest to the garbage collector. */
  drop(): void {
    for (const { shelf, block } of this.#loans) shelf.forget(block);
    this.#loans = [];
  }
}

/** In two parts: a copy of a whole is a `set`, which goes word by word where memory is shared. */
function copyInto(block: Uint8Array, bytes: Uint8Array): void {
  const half = bytes.byteLength >>> 1;
  copy.call(bytes, block, 0, 0, half);
  copy.call(bytes, block, half, half);
}

const { copy } = Buffer.prototype;
