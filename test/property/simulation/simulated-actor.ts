/** A receiver with the shape of an XState actor: it takes messages, and its death can be observed. */

import type { Message, WatchableActor } from '../../../src/index.ts';

type Observer = Parameters<WatchableActor['subscribe']>[0];

export class SimulatedActor implements WatchableActor {
  receive: (message: Message) => void = () => {};
  readonly #observers = new Set<Observer>();
  #status: 'active' | 'done' = 'active';

  /** Who listens for its death. */
  get observers(): number {
    return this.#observers.size;
  }

  send(message: Message): void {
    this.receive(message);
  }

  getSnapshot(): { readonly status: string } {
    return { status: this.#status };
  }

  subscribe(observer: Observer): { unsubscribe(): void } {
    this.#observers.add(observer);
    return { unsubscribe: () => void this.#observers.delete(observer) };
  }

  die(): void {
    this.#status = 'done';
    for (const observer of [...this.#observers]) observer.complete?.();
  }
}
