/**
 * Memory for the copies of upload chunks, used again and again: a fresh copy of every chunk costs
 * as much as sending it, because the system has to make its pages anew each time.
 *
 * A block is lent to one upload, which gives it back when the system has taken the bytes in it. One
 * whose bytes may still be read by anybody is left to the garbage collector instead.
 *
 * Invariant: of all blocks there are at most `MAX_BLOCKS` at a time, lent or free.
 */

import { markAsUntransferable } from 'node:worker_threads';

export const BLOCK_BYTES = 64 * 1024;

/** 2 MiB for the whole process (in each thread), however many uploads there are. */
const MAX_BLOCKS = 32;

const free: Uint8Array[] = [];
let count = 0;

/** Blocks that exist, lent or free; for tests. */
export function countBlocks(): { readonly lent: number; readonly free: number } {
  return { lent: count - free.length, free: free.length };
}

interface Loan {
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
  copy(bytes: Uint8Array, end: number): Uint8Array | undefined {
    let block = free.pop();
    if (block === undefined) {
      if (count === MAX_BLOCKS) return undefined;
      count += 1;
      // Of its own, not a part of Node's pool; whoever would give it to a thread has to copy it.
      block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      markAsUntransferable(block.buffer);
    }
    this.#loans.push({ block, end });
    block.set(bytes);
    return bytes.byteLength === BLOCK_BYTES ? block : block.subarray(0, bytes.byteLength);
  }

  /** Gives back what holds nothing but the first `position` bytes of the body. */
  giveBack(position: number): void {
    let loan = this.#loans[0];
    while (loan !== undefined && loan.end <= position) {
      free.push(loan.block);
      this.#loans.shift();
      loan = this.#loans[0];
    }
  }

  /** Leaves the rest to the garbage collector. */
  drop(): void {
    count -= this.#loans.length;
    this.#loans = [];
  }
}
