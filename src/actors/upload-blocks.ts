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

/** As much as leaves at a time. */
export const BLOCK_BYTES = 256 * 1024;

/**
 * Where a block lies in its memory. What is allocated one behind the other in this size lies 16
 * bytes further in its page each time; and the C library's copy (`rep movsb` on AMD) takes up to
 * 20 times as long where the target begins 1 to 31 bytes further in its page than the source.
 */
const BLOCK_OFFSET = 2048;

/** What memory for one block has to have. */
export const BLOCK_MEMORY_BYTES = BLOCK_OFFSET + BLOCK_BYTES;

/** 4 MiB per shelf, however many uploads there are. */
const MAX_BLOCKS = 16;

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
