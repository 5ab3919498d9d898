/**
 * The one map of what is in flight: records by `ref`.
 *
 * A table of rows whose numbers are part of the refs, and not a `Map`, for what that carries along
 * (`actors/turnover-map`): at ten thousand requests a second it was a third of the cost of a request.
 *
 * Invariant: a record is in the table from `add` to `delete`, and leaves it once.
 */

import { TurnoverMap } from '../actors/turnover-map.ts';
import { mintRef, rowOf } from '../async-handle.ts';

export interface Row {
  readonly ref: string;
  /** Where it stands; the `ref` names it too. */
  readonly row: number;
}

export class FlightTable<Item extends Row> {
  readonly #rows: (Item | undefined)[] = [];
  readonly #free: number[] = [];
  /** Records whose `ref` another thread has minted; it names a row there. */
  readonly #foreign = new TurnoverMap<string, Item>();
  readonly #prefix: string | undefined;
  #size = 0;

  /** `prefix`: what its refs begin with, where that is not for this thread to say. */
  constructor(prefix?: string) {
    this.#prefix = prefix;
  }

  get size(): number {
    return this.#size;
  }

  /** Makes a record and takes it in; its `ref` is a new one, or one that nobody has here. */
  add(make: (ref: string, row: number) => Item, foreignRef?: string): Item {
    const row = this.#free.pop() ?? this.#rows.length;
    const item = make(foreignRef ?? mintRef(row, this.#prefix), row);
    this.#rows[row] = item;
    if (foreignRef !== undefined) this.#foreign.set(foreignRef, item);
    this.#size += 1;
    return item;
  }

  get(ref: string): Item | undefined {
    const item = this.#rows[rowOf(ref)];
    return item?.ref === ref ? item : this.#foreign.get(ref);
  }

  /** Whether the record was there: a second call finds nothing. */
  delete(item: Item): boolean {
    const { row } = item;
    if (this.#rows[row] !== item) return false;
    this.#rows[row] = undefined;
    this.#foreign.delete(item.ref);
    this.#free.push(row);
    this.#size -= 1;
    return true;
  }

  /** Rows there are, taken or free. */
  get rows(): number {
    return this.#rows.length;
  }

  /** The record in a row. */
  at(row: number): Item | undefined {
    return this.#rows[row];
  }

  /** The records as they are now; the table may change meanwhile. */
  snapshot(): Item[] {
    return this.#rows.filter((item) => item !== undefined);
  }
}
