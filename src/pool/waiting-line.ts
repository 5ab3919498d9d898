/**
 * The order of those who wait, as a `queueClass` of p-queue: first come, first served.
 *
 * A doubly linked list and a map by id, so that adding, taking and leaving cost the same however
 * long the line is.
 */

import type { Queue, QueueAddOptions } from 'p-queue';

type Run = () => Promise<unknown>;

/** `front`: ahead of all that wait, for exchanges that had been admitted once. */
export type LineOptions = QueueAddOptions & { readonly front?: boolean };

interface Place {
  readonly id: string;
  readonly run: Run;
  next: Place | undefined;
  previous: Place | undefined;
}

export class WaitingLine implements Queue<Run, LineOptions> {
  readonly #places = new Map<string, Place>();
  #first: Place | undefined;
  #last: Place | undefined;

  get size(): number {
    return this.#places.size;
  }

  enqueue(run: Run, options?: Partial<LineOptions>): void {
    const place: Place = { id: options?.id ?? '', run, next: undefined, previous: undefined };
    this.#places.set(place.id, place);
    if (this.#first === undefined || this.#last === undefined) {
      this.#first = place;
      this.#last = place;
    } else if (options?.front === true) {
      place.next = this.#first;
      this.#first.previous = place;
      this.#first = place;
    } else {
      place.previous = this.#last;
      this.#last.next = place;
      this.#last = place;
    }
  }

  dequeue(): Run | undefined {
    return this.#first === undefined ? undefined : this.take(this.#first.id);
  }

  /** Leaves the line; the task is the taker's to run. */
  take(id: string): Run | undefined {
    const place = this.#places.get(id);
    if (place === undefined) return undefined;
    this.#places.delete(id);
    if (place.previous === undefined) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === undefined) this.#last = place.previous;
    else place.next.previous = place.previous;
    return place.run;
  }

  remove(id: string): void {
    this.take(id);
  }

  filter(): Run[] {
    return Array.from(this.#places.values(), ({ run }) => run);
  }

  setPriority(): void {
    // First come, first served: there is none to set.
  }
}
