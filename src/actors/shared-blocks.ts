/**
 * Blocks for uploads that run in a thread: memory that both threads see. A chunk is copied into one
 * when it is taken (U1), and the thread sends it from there, so that nothing has to be allocated,
 * posted or collected for it.
 *
 * Invariants: a block has one number as long as it exists, and the thread is told of it before the
 * first bytes in it and when it is used no more; bytes in it do not change until the thread has
 * said that the system has taken them (`actors/shared-marks`).
 */

import type { LentPiece } from './shared-offers.ts';
import { BLOCK_MEMORY_BYTES, type BlockMaker, BlockShelf, blockIn } from './upload-blocks.ts';

/** What the thread is told of blocks. */
export type BlockCommand =
  | readonly ['block', block: number, memory: SharedArrayBuffer]
  | readonly ['forget', block: number];

export interface SharedBlock {
  readonly number: number;
  /** Whether a message about bytes in it is on its way, or has come: the thread knows it then. */
  isKnown: boolean;
}

/** Those of one thread, on the pool's side. */
export class SharedBlocks implements BlockMaker {
  readonly shelf = new BlockShelf(this);
  readonly #tell: (command: BlockCommand) => void;
  readonly #blocks = new Map<ArrayBufferLike, SharedBlock>();
  #next = 0;

  constructor(tell: (command: BlockCommand) => void) {
    this.#tell = tell;
  }

  make(): Uint8Array {
    const memory = new SharedArrayBuffer(BLOCK_MEMORY_BYTES);
    const number = this.#next;
    this.#next += 1;
    this.#blocks.set(memory, { number, isKnown: false });
    this.#tell(['block', number, memory]);
    return blockIn(memory);
  }

  forget({ buffer }: Uint8Array): void {
    const block = this.#blocks.get(buffer);
    if (block === undefined) return;
    this.#blocks.delete(buffer);
    this.#tell(['forget', block.number]);
  }

  /** The block that these bytes lie in, if they do in one. */
  find({ buffer }: Uint8Array): SharedBlock | undefined {
    return this.#blocks.get(buffer);
  }
}

/** The same blocks as the thread sees them. */
export class BlockTable {
  readonly #memory = new Map<number, SharedArrayBuffer>();

  take(command: BlockCommand): void {
    if (command[0] === 'block') this.#memory.set(command[1], command[2]);
    else this.#memory.delete(command[1]);
  }

  bytes([block, from, length]: LentPiece): Uint8Array | undefined {
    const memory = this.#memory.get(block);
    return memory && new Uint8Array(memory, from, length);
  }
}
