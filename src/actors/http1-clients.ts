/**
 * The connections to one origin that speaks HTTP/1.1 alone: each client of undici runs one request
 * at a time, the one that was free last gets the next.
 *
 * undici's `Pool` does this and more: what it needs for origins whose protocol only the first
 * connection tells costs a small request a twentieth. Here that is known before.
 *
 * Invariants: a client is in `#free` if and only if it takes a request at once; one that has lost
 * its connection and has no request is not kept.
 */

import type { Client, Dispatcher } from 'undici';
import type { Transport } from './worker-agent.ts';

interface Place {
  readonly client: Client;
  isFree: boolean;
}

export class Http1Clients implements Transport {
  readonly #makeClient: () => Client;
  readonly #unused: () => void;
  readonly #places = new Set<Place>();
  readonly #free: Place[] = [];

  constructor(makeClient: () => Client, unused: () => void) {
    this.#makeClient = makeClient;
    this.#unused = unused;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const place = this.#free.pop() ?? this.#add();
    place.isFree = false;
    // It takes more where the request was given up before, or has failed at once.
    if (place.client.dispatch(options, handler)) this.#settle(place);
    return true;
  }

  /** Lets all requests end, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#places, ({ client }) => client.close()));
  }

  /** Ends all requests and closes the connections. */
  async destroy(): Promise<void> {
    await Promise.all(Array.from(this.#places, ({ client }) => client.destroy()));
  }

  #add(): Place {
    const client = this.#makeClient();
    const place: Place = { client, isFree: false };
    this.#places.add(place);
    const settle = (): void => this.#settle(place);
    client.on('drain', settle).on('disconnect', settle);
    // undici does not connect such a client again either: it may be the address that is wrong.
    client.on('connectionError', () => this.#remove(place));
    return place;
  }

  /** Where a client belongs now: it has become free, or its connection is gone. */
  #settle(place: Place): void {
    const { client } = place;
    const { connected, size } = client.stats;
    if (size > 0 || client.closed || !this.#places.has(place)) return;
    if (!connected) {
      this.#remove(place);
    } else if (!place.isFree) {
      place.isFree = true;
      this.#free.push(place);
    }
  }

  #remove(place: Place): void {
    if (!this.#places.delete(place)) return;
    if (place.isFree) this.#free.splice(this.#free.indexOf(place), 1);
    void place.client.close().catch(ignore);
    if (this.#places.size === 0) this.#unused();
  }
}

function ignore(): void {}
