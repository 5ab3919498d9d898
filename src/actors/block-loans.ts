/**
 * The blocks of memory lent to one upload. Chunks are copied into them one behind the other, so that
 * what waits leaves in pieces that are as large as may be. A block of no shelf is used once.
 *
 * Invariants: bytes wait in the last block only; a block goes back to its shelf when it holds
 * nothing but bytes that the system has taken; one of no shelf is kept only while it is the last.
 */

import type { BlockShelf } from './upload-blocks.ts';

interface Loan {
  readonly shelf: BlockShelf | undefined;
  readonly block: Uint8Array;
  /** What waits in it: from here … */
  from: number;
  /** … to here, behind which there is room. */
  to: number;
  /** Where that is in the body. */
  end: number;
}

export class BlockLoans {
  #loans: Loan[] = [];

  /** Whether nothing is lent. */
  get isEmpty(): boolean {
    return this.#loans.length === 0;
  }

  /** Bytes that wait. */
  get waiting(): number {
    const loan = this.#loans.at(-1);
    return loan === undefined ? 0 : loan.to - loan.from;
  }

  /** Borrows one more block, once nothing waits; `false` when there is none. */
  borrow(shelf: BlockShelf): boolean {
    const block = shelf.lend();
    if (block === undefined) return false;
    this.#add(shelf, block);
    return true;
  }

  /** Uses a block of no shelf, once nothing waits. */
  use(block: Uint8Array): void {
    this.#add(undefined, block);
  }

  /** Copies bytes that begin at `position` in the body, as many as there is room for. */
  fill(bytes: Uint8Array, position: number): number {
    const loan = this.#loans.at(-1);
    if (loan === undefined) return 0;
    const { block, to } = loan;
    const length = Math.min(bytes.byteLength, block.byteLength - to);
    copyInto(block, to, bytes, length);
    loan.to += length;
    loan.end = position + length;
    return length;
  }

  /** The last of the bytes that wait, which waits no more. */
  unfill(): Uint8Array {
    const loan = this.#loans.at(-1);
    if (loan === undefined || loan.to === loan.from) return NOTHING;
    loan.to -= 1;
    loan.end -= 1;
    // Not `slice`, which of a buffer is a view: the block may be in other hands when it leaves.
    return Uint8Array.of(loan.block[loan.to] ?? 0);
  }

  /** The first of the bytes that wait, at most so many. */
  next(bytes: number): Uint8Array {
    const loan = this.#loans.at(-1);
    if (loan === undefined) return NOTHING;
    const { shelf, block, from, to } = loan;
    loan.from = Math.min(from + bytes, to);
    // Whoever gets all of it may give it away.
    if (shelf === undefined && loan.from === block.byteLength) this.#loans.pop();
    return block.subarray(from, loan.from);
  }

  /** Gives back what holds nothing but the first `position` bytes of the body. */
  giveBack(position: number): void {
    let loan = this.#loans[0];
    while (loan !== undefined && loan.end <= position) {
      loan.shelf?.takeBack(loan.block);
      this.#loans.shift();
      loan = this.#loans[0];
    }
  }

  /** Leaves the rest to the garbage collector. */
  drop(): void {
    for (const { shelf, block } of this.#loans) shelf?.forget(block);
    this.#loans = [];
  }

  #add(shelf: BlockShelf | undefined, block: Uint8Array): void {
    const last = this.#loans.at(-1);
    if (last !== undefined && last.shelf === undefined) this.#loans.pop();
    this.#loans.push({ shelf, block, from: 0, to: 0, end: 0 });
  }
}

const NOTHING = new Uint8Array(0);

/** In two parts: a copy of a whole is a `set`, which goes word by word where memory is shared. */
function copyInto(block: Uint8Array, at: number, bytes: Uint8Array, length: number): void {
  const half = length >>> 1;
  copy.call(bytes, block, at, 0, half);
  copy.call(bytes, block, at + half, half, length);
}

const { copy } = Buffer.prototype;
