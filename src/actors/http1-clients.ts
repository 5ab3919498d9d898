/**
 * The connections to one origin that speaks HTTP/1.1 alone: each client of undici runs one request
 * at a time, the one that was free last gets the next.
 *
 * undici's `Pool` does this and more: what it needs for origins whose protocol only the first
 * connection tells costs a small request a twentieth. Here that is known before.
 *
 * A client is free as soon as its response has ended, a turn before undici says so: who gets the
 * slot of that exchange leaves in between, and would need another connection. undici looks itself
 * whether the peer has closed the connection before it writes the next request.
 *
 * Invariants: a client that takes a request at once is in `#free`, and one that is there runs none;
 * one that has lost its connection and has no request is not kept.
 */

import type { Client, Dispatcher } from 'undici';
import type { Transport } from './worker-agent.ts';

/** undici's client tells this only with all of its statistics, which is much for one request. */
export interface Http1Client extends Client {
  /** Whether its connection is open. */
  readonly isConnected: boolean;
}

interface Place {
  readonly client: Http1Client;
  isFree: boolean;
}

export class Http1Clients implements Transport {
  readonly #makeClient: (ended: () => void) => Http1Client;
  readonly #unused: () => void;
  readonly #places = new Set<Place>();
  readonly #free: Place[] = [];

  /** A client calls `ended` when a response has: it runs nothing then, or is about to disconnect. */
  constructor(makeClient: (ended: () => void) => Http1Client, unused: () => void) {
    this.#makeClient = makeClient;
    this.#unused = unused;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const place = this.#takeFree() ?? this.#add();
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

  #takeFree(): Place | undefined {
    for (;;) {
      const place = this.#free.pop();
      if (place === undefined) return undefined;
      place.isFree = false;
      // undici may have closed the connection right after the response; it says so later.
      if (place.client.isConnected) return place;
    }
  }

  #add(): Place {
    const client = this.#makeClient(() => this.#release(place));
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
    if (connected) this.#release(place);
    else this.#remove(place);
  }

  #release(place: Place): void {
    if (place.isFree) return;
    place.isFree = true;
    this.#free.push(place);
  }

  #remove(place: Place): void {
    if (!this.#places.delete(place)) return;
    if (place.isFree) this.#free.splice(this.#free.indexOf(place), 1);
    void place.client.close().catch(ignore);
    if (this.#places.size === 0) this.#unused();
  }
}

function ignore(): void {}
