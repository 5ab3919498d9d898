/**
 * The connections of one worker: an undici pool for each origin, made when a request needs it and
 * closed when its last connection is gone.
 *
 * It stands where undici's `Agent` would, which a small request pays for with several events and
 * look-ups that nobody here needs: about a tenth of its whole cost.
 *
 * Invariants: a request goes to a pool that takes requests; after `close` or `destroy` no pool is
 * made any more.
 */

import type { Dispatcher, Pool } from 'undici';
import errors from 'undici/lib/core/errors.js';

/** What an exchange is dispatched to: this agent, or any dispatcher of undici. */
export interface Transport extends Pick<Dispatcher, 'dispatch'> {
  close(): Promise<void>;
  destroy(): Promise<void>;
}

export class WorkerAgent implements Transport {
  readonly #makePool: (origin: string) => Pool;
  readonly #pools = new Map<string, Pool>();
  #gone = false;

  constructor(makePool: (origin: string) => Pool) {
    this.#makePool = makePool;
  }

  /** Origins that have a pool now. */
  get origins(): number {
    return this.#pools.size;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const origin = String(options.origin);
    const pool = this.#pools.get(origin) ?? this.#open(origin);
    if (pool !== undefined) return pool.dispatch(options, handler);
    // As a dispatcher of undici does; its types want a controller where there can be none.
    const report = handler.onResponseError as ((none: null, error: Error) => void) | undefined;
    report?.call(handler, null, new errors.ClientDestroyedError());
    return false;
  }

  /** Lets all requests end, then closes the connections. */
  close(): Promise<void> {
    return this.#endAll((pool) => pool.close());
  }

  /** Ends all requests and closes the connections. */
  destroy(): Promise<void> {
    return this.#endAll((pool) => pool.destroy());
  }

  async #endAll(end: (pool: Pool) => Promise<void>): Promise<void> {
    this.#gone = true;
    await Promise.all(Array.from(this.#pools.values(), end));
    this.#pools.clear();
  }

  #open(origin: string): Pool | undefined {
    if (this.#gone) return undefined;
    const pool = this.#makePool(origin);
    const drop = (): void => this.#dropUnused(origin, pool);
    pool.on('disconnect', drop).on('connectionError', drop);
    this.#pools.set(origin, pool);
    return pool;
  }

  /** With its last connection a pool goes, unless requests wait for the next one. */
  #dropUnused(origin: string, pool: Pool): void {
    const { connected, pending, queued } = pool.stats;
    if (connected > 0 || pending > 0 || queued > 0 || this.#pools.get(origin) !== pool) return;
    this.#pools.delete(origin);
    void pool.close().catch(ignore);
  }
}

function ignore(): void {}
