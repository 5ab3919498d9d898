/**
 * A line, first come, first served. An array's own `shift` moves all that is behind: of a line of a
 * hundred thousand, each step would take as long as thousands do here.
 */

export class Fifo<Item> {
  /** Nothing is left of those that were taken out. */
  #items: (Item | undefined)[] = [];
  /** Where the first is. */
  #at = 0;

  get length(): number {
    return this.#items.length - this.#at;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the first one out. */
  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#at];
    this.#items[this.#at] = undefined;
    this.#at += 1;
    // Each is moved once at most. And not each time when it is empty: an array that grows from nothing
    // for every item is costly.
    if (this.#at >= TRIM_COUNT && this.#at * 2 > this.#items.length) this.#drop();
    return item;
  }

  /** Puts one in front of all others. */
  unshift(item: Item): void {
    if (this.#at === 0) this.#items.unshift(item);
    else {
      this.#at -= 1;
      this.#items[this.#at] = item;
    }
  }

  /** All of them, in their order. */
  *[Symbol.iterator](): Generator<Item> {
    for (let at = this.#at; at < this.#items.length; at += 1) {
      // Only the places in front are empty.
      yield this.#items[at] as Item;
    }
  }

  #drop(): void {
    this.#items.splice(0, this.#at);
    this.#at = 0;
  }
}

/** As many empty places in front are dropped at once, at least. */
const TRIM_COUNT = 32;
