/**
 * A map of what comes and goes all the time.
 *
 * V8 links each table that a `Map` has outgrown, by what came and went, to the next one. Once an
 * outgrown table is old, it carries the later ones, and all that was in any of them when it was
 * outgrown, through every minor collection: thousands of dead exchanges, and a young generation that
 * V8 makes larger and larger for them. Measured, that was a tenth of what a request costs a caller
 * whose workers are threads. So after a while all that is there moves on to a new map, to which
 * nothing leads.
 *
 * Invariant: as a `Map`, in order too.
 */

/** So many come, beyond those that are there, before it is renewed. */
const RENEW_COUNT = 512;

export class TurnoverMap<Key, Value> {
  #map = new Map<Key, Value>();
  #added = 0;

  get size(): number {
    return this.#map.size;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  set(key: Key, value: Value): void {
    this.#added += 1;
    if (this.#added > this.#map.size + RENEW_COUNT) this.#renew();
    this.#map.set(key, value);
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    return this.#map.delete(key);
  }

  /** Forgets all. */
  clear(): void {
    this.#map = new Map();
    this.#added = 0;
  }

  /** The keys as they are now. */
  keys(): Key[] {
    return [...this.#map.keys()];
  }

  /** The values as they are now. */
  values(): Value[] {
    return [...this.#map.values()];
  }

  #renew(): void {
    this.#map = new Map(this.#map);
    this.#added = 0;
  }
}
