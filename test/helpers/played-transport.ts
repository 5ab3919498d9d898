/**
 * The transports of a pool's workers, played by a test: each dispatch stays open until the test
 * ends it, and what runs is counted here, not in the pool.
 */

import { Dispatcher } from 'undici';

export type Dispatched = (worker: number, origin: string, path: string) => void;

interface Played {
  readonly worker: number;
  readonly origin: string;
  readonly path: string;
  readonly handler: Dispatcher.DispatchHandler;
  readonly controller: Dispatcher.DispatchController;
  /** Whether it is on a connection. */
  begun: boolean;
}

/** What goes to a path below this waits for a connection until the test ends it: it is not sent. */
export const UNCONNECTED = '/unconnected/';

export class PlayedTransport {
  readonly #open = new Set<Played>();
  readonly #dispatched: Dispatched;

  /** `dispatched` is called at each dispatch, which is counted by then. */
  constructor(dispatched: Dispatched = () => {}) {
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

  /** What waits for a connection in vain: its exchange has ended. */
  drop(path: string): void {
    for (const played of this.#open) if (played.path === path) this.#open.delete(played);
  }

  /** The response to one of those that run. */
  answer(which: number): void {
    const played = this.#take(which);
    if (played?.begun === false) played.handler.onRequestStart?.(played.controller, {});
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
  readonly #dispatched: Dispatched;

  constructor(worker: number, open: Set<Played>, dispatched: Dispatched) {
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
      path: options.path,
      handler,
      controller,
      begun: !options.path.startsWith(UNCONNECTED),
    };
    this.#open.add(played);
    this.#dispatched(played.worker, played.origin, options.path);
    if (played.begun) handler.onRequestStart?.(controller, {});
    return true;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {
    for (const played of this.#open) if (played.worker === this.#worker) this.#open.delete(played);
  }
}
