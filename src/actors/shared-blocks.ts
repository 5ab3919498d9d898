/**
 * Blocks for uploads that run in a thread: memory that both threads see. A chunk is copied into one
 * when it is taken (U1), and the thread sends it from there, so that nothing has to be allocated,
 * posted or collected for it.
 *
 * Invariants: a block has one number as long as it exists, and the thread is told of it before the
 * first bytes in it and when it is used no more; bytes in it do not change until the thread has
 * said that the system has taken them (`actors/shared-marks`).
 */

import { BLOCK_MEMORY_BYTES, type BlockMaker, BlockShelf, blockIn } from './upload-blocks.ts';

/** What the thread is told of blocks. */
export type BlockCommand =
  | readonly ['block', block: number, memory: SharedArrayBuffer]
  | readonly ['forget', block: number];

/** Those of one thread, on the pool's side. */
export class SharedBlocks implements BlockMaker {
  readonly shelf = new BlockShelf(this);
  readonly #tell: (command: BlockCommand) => void;
  readonly #numbers = new Map<ArrayBufferLike, number>();
  #next = 0;

  constructor(tell: (command: BlockCommand) => void) {
    this.#tell = tell;
  }

  make(): Uint8Array {
    const memory = new SharedArrayBuffer(BLOCK_MEMORY_BYTES);
    const block = this.#next;
    this.#next += 1;
    this.#numbers.set(memory, block);
    this.#tell(['block', block, memory]);
    return blockIn(memory);
  }

  forget({ buffer }: Uint8Array): void {
    const block = this.#numbers.get(buffer);
    if (block === undefined) return;
    this.#numbers.delete(buffer);
    this.#tell(['forget', block]);
  }

  /** The number of the block that these bytes lie in, if they do in one. */
  numberOf({ buffer }: Uint8Array): number | undefined {
    return this.#numbers.get(buffer);
  }
}

/** The same blocks as the thread sees them. */
export class BlockTable {
  readonly #memory = new Map<number, SharedArrayBuffer>();

  take(command: BlockCommand): void {
    if (command[0] === 'block') this.#memory.set(command[1], command[2]);
    else this.#memory.delete(command[1]);
  }

  bytes(block: number, from: number, length: number): Uint8Array | undefined {
    const memory = this.#memory.get(block);
    return memory && new Uint8Array(memory, from, length);
  }
}
