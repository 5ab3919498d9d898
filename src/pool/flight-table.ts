/**
 * The one map of what is in flight: records by `ref`.
 *
 * A table of rows whose numbers are part of the refs, and not a `Map`: V8 links each table that a
 * `Map` has outgrown to the next one, and once an outgrown table is old, whatever the later ones
 * hold survives every minor collection. At ten thousand requests a second that was a third of the
 * cost of a request.
 *
 * Invariant: a record is in the table from `add` to `delete`, and leaves it once.
 */

import { mintRef, rowOf } from '../async-handle.ts';

export interface Row {
  readonly ref: string;
  /** Where it stands; the `ref` names it too. */
  readonly row: number;
}

export class FlightTable<Item extends Row> {
  readonly #rows: (Item | undefined)[] = [];
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Makes a record with a `ref` of its own and takes it in. */
  add(make: (ref: string, row: number) => Item): Item {
    const row = this.#free.pop() ?? this.#rows.length;
    const item = make(mintRef(row), row);
    this.#rows[row] = item;
    this.#size += 1;
    return item;
  }

  get(ref: string): Item | undefined {
    const item = this.#rows[rowOf(ref)];
    return item?.ref === ref ? item : undefined;
  }

  /** Whether the record was there: a second call finds nothing. */
  delete(item: Item): boolean {
    const { row } = item;
    if (this.#rows[row] !== item) return false;
    this.#rows[row] = undefined;
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
