/**
 * The next piece of an upload, offered to its thread in memory that both see. A thread that is busy
 * with the piece before finds it when it is done with that: nothing is posted, and nobody is woken.
 *
 * Invariants: a place holds one piece at a time, which is taken once; a thread that has found nothing
 * is told of the next one, and it alone.
 */

/** A piece of a body in a block (`actors/shared-blocks`). */
export type LentPiece = readonly [block: number, from: number, length: number];

/** What stands in the first word: nothing, and the thread looks by itself … */
const EMPTY = 0;
/** … nothing, and the thread has to be told; or a piece: the number of its block, beyond these. */
const AWAITED = 1;
const FIRST_BLOCK = 2;

/** Words that a place takes, of four bytes each. */
export const OFFER_WORDS = 3;

export class SharedOffer {
  readonly #words: Int32Array;
  readonly #at: number;

  /** The place that begins at word `at`. */
  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** The pool offers a piece, once the one before is taken; whether the thread has to be told. */
  put([block, from, length]: LentPiece): boolean {
    const words = this.#words;
    words[this.#at + 1] = from;
    words[this.#at + 2] = length;
    return Atomics.exchange(words, this.#at, FIRST_BLOCK + block) === AWAITED;
  }

  /** The thread takes what there is. */
  take(): LentPiece | undefined {
    const words = this.#words;
    const found = Atomics.load(words, this.#at);
    if (found < FIRST_BLOCK) return undefined;
    const piece = [
      found - FIRST_BLOCK,
      words[this.#at + 1] ?? 0,
      words[this.#at + 2] ?? 0,
    ] as const;
    Atomics.store(words, this.#at, EMPTY);
    return piece;
  }

  /** The same for a thread that has nothing else to do: if there is nothing, it is to be told. */
  takeOrAwait(): LentPiece | undefined {
    const found = Atomics.compareExchange(this.#words, this.#at, EMPTY, AWAITED);
    return found < FIRST_BLOCK ? undefined : this.take();
  }
}
