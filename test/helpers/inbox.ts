/**
 * A queue whose consumer waits: what arrives before it is asked for is kept, what is asked for
 * before it arrives is a promise. Once closed, what is still inside can be taken, then every
 * `next` rejects with the reason: a test that waits for something impossible fails, it never hangs.
 */

export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: PromiseWithResolvers<T>[] = [];
  #reason: Error | undefined;

  /** How many items are there to be taken without waiting. */
  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#items.push(item);
    else waiter.resolve(item);
  }

  /** The next item, in the order of arrival. */
  next(): Promise<T> {
    if (this.#items.length > 0) {
      // The cast holds: the array is not empty, and `T` itself may include `undefined`.
      return Promise.resolve(this.#items.shift() as T);
    }
    if (this.#reason !== undefined) return Promise.reject(this.#reason);
    const waiter = Promise.withResolvers<T>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  /** Nothing more will arrive. The first reason stays. */
  close(reason: Error): void {
    this.#reason ??= reason;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#reason);
  }
}
