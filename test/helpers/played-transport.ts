/**
 * The transports of a pool's workers, played by a test: each dispatch stays open until the test
 * ends it, and what runs is counted here, not in the pool.
 */

import { Dispatcher } from 'undici';

interface Played {
  readonly worker: number;
  readonly origin: string;
  readonly handler: Dispatcher.DispatchHandler;
  readonly controller: Dispatcher.DispatchController;
}

export class PlayedTransport {
  readonly #open = new Set<Played>();
  readonly #dispatched: (worker: number, origin: string) => void;

  /** `dispatched` is called at each dispatch, which is counted by then. */
  constructor(dispatched: (worker: number, origin: string) => void = () => {}) {
    this.#dispatched = dispatched;
  }

  readonly create = ({ id }: { readonly id: number }): Dispatcher => {
    // A worker that comes anew has nothing running.
    for (const played of this.#open) if (played.worker === id) this.#open.delete(played);
    return new PlayedDispatcher(id, this.#open, this.#dispatched);
  };

  runningOn(worker: number): number {
    return [...this.#open].filter((played) => played.worker === worker).length;
  }

  runningAt(origin: string): number {
    return [...this.#open].filter((played) => played.origin === origin).length;
  }

  /** The response to one of those that run. */
  answer(which: number): void {
    const played = this.#take(which);
    played?.handler.onResponseStart?.(played.controller, 200, {});
    played?.handler.onResponseEnd?.(played.controller, {});
  }

  /** One of those that run breaks. */
  fail(which: number): void {
    const played = this.#take(which);
    played?.handler.onResponseError?.(played.controller, new Error('played'));
  }

  #take(which: number): Played | undefined {
    const played = [...this.#open][which % this.#open.size];
    if (played !== undefined) this.#open.delete(played);
    return played;
  }
}

class PlayedDispatcher extends Dispatcher {
  readonly #worker: number;
  readonly #open: Set<Played>;
  readonly #dispatched: (worker: number, origin: string) => void;

  constructor(
    worker: number,
    open: Set<Played>,
    dispatched: (worker: number, origin: string) => void,
  ) {
    super();
    this.#worker = worker;
    this.#open = open;
    this.#dispatched = dispatched;
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const controller: Dispatcher.DispatchController = {
      paused: false,
      aborted: false,
      reason: null,
      rawHeaders: [],
      rawTrailers: null,
      pause: () => {},
      resume: () => {},
      abort: () => this.#open.delete(played),
    };
    const played: Played = {
      worker: this.#worker,
      origin: String(options.origin),
      handler,
      controller,
    };
    this.#open.add(played);
    this.#dispatched(played.worker, played.origin);
    handler.onRequestStart?.(controller, {});
    return true;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {
    for (const played of this.#open) if (played.worker === this.#worker) this.#open.delete(played);
  }
}
