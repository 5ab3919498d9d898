/**
 * The connections of one worker, by origin.
 *
 * It stands where undici's `Agent` would, which a small request pays for with several events and
 * look-ups that nobody here needs: about a tenth of its whole cost.
 *
 * Invariants: an origin is kept while it has connections or requests; after `close` or `destroy`
 * none is opened any more.
 */

import type { Dispatcher } from 'undici';
import errors from 'undici/lib/core/errors.js';

/** What an exchange is dispatched to: this agent, one origin of it, or any dispatcher of undici. */
export interface Transport extends Pick<Dispatcher, 'dispatch'> {
  close(): Promise<void>;
  destroy(): Promise<void>;
}

/** Opens an origin; `unused` is called when it has neither connections nor requests any more. */
export type OpenOrigin = (origin: string, unused: () => void) => Transport;

export class WorkerAgent implements Transport {
  readonly #openOrigin: OpenOrigin;
  readonly #origins = new Map<string, Transport>();
  #gone = false;

  constructor(openOrigin: OpenOrigin) {
    this.#openOrigin = openOrigin;
  }

  /** Origins that are open now. */
  get origins(): number {
    return this.#origins.size;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = String(options.origin);
    const transport = this.#origins.get(origin) ?? this.#open(origin);
    if (transport !== undefined) return transport.dispatch(options, handler);
    // As a dispatcher of undici does; its types want a controller where there can be none.
    const report = handler.onResponseError as ((none: null, error: Error) => void) | undefined;
    report?.call(handler, null, new errors.ClientDestroyedError());
    return false;
  }

  /** Lets all requests end, then closes the connections. */
  close(): Promise<void> {
    return this.#endAll((transport) => transport.close());
  }

  /** Ends all requests and closes the connections. */
  destroy(): Promise<void> {
    return this.#endAll((transport) => transport.destroy());
  }

  async #endAll(end: (transport: Transport) => Promise<void>): Promise<void> {
    this.#gone = true;
    await Promise.all(Array.from(this.#origins.values(), end));
    this.#origins.clear();
  }

  #open(origin: string): Transport | undefined {
    if (this.#gone) return undefined;
    const transport = this.#openOrigin(origin, () => {
      if (this.#gone || this.#origins.get(origin) !== transport) return;
      this.#origins.delete(origin);
      void transport.close().catch(ignore);
    });
    this.#origins.set(origin, transport);
    return transport;
  }
}

function ignore(): void {}
