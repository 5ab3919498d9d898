/**
 * A pool as it is called from another thread (W6).
 *
 * The calls that make and use handles are those of the pool itself (`pool/checked-calls`); only the
 * exchanges behind them run elsewhere, at the other end of a port.
 */

import { MessagePort } from 'node:worker_threads';
import { type Clock, realClock } from '../../clock.ts';
import { badOptions } from '../../errors.ts';
import type { PoolStats } from '../../stats.ts';
import { CheckedCalls } from '../checked-calls.ts';
import { type CloseOptions, closeWithin } from '../close-within.ts';
import type { HandleCalls } from '../handle-calls.ts';
import { show } from '../validate.ts';
import { NO_OPTIONS } from '../validate-request.ts';
import { Connection } from './connection.ts';
import { BlockingRequests, type SyncRequests } from './sync-requests.ts';

/**
 * A pool that lives in another thread, with the same calls and the same promises.
 *
 * For the pool this thread is the caller: when it exits, or the connection ends, its open uploads
 * are finished and its other exchanges cancelled, as for any dead caller (C2, C3).
 */
export interface ConnectedPool extends HandleCalls, AsyncDisposable {
  /** A snapshot of the whole pool, taken in its thread (S2). */
  stats(): Promise<PoolStats>;
  /** Requests that block this thread; for threads that have nothing else to do meanwhile. */
  readonly sync: SyncRequests;
  /**
   * Ends the connection: asks for nothing more, lets the exchanges of this thread end, closes the
   * port; after `timeout` ms (default none) destroys. The pool lives on. Idempotent.
   */
  close(options?: CloseOptions): Promise<void>;
  /**
   * Ends the connection at once: the exchanges of this thread end with `ERR_POOL_DESTROYED`,
   * `reason` as its cause. The pool lives on. Idempotent.
   */
  destroy(reason?: unknown): Promise<void>;
}

/**
 * Connects to the pool that made `port` with `pool.port()`. A port can be connected to once;
 * anything else throws `ERR_BAD_OPTIONS`.
 */
export function connectPool(port: MessagePort): ConnectedPool {
  return new RemotePool(port);
}

/** The connected pool itself; tests hand in a clock. */
export class RemotePool extends CheckedCalls implements ConnectedPool {
  readonly sync: SyncRequests;
  readonly #connection: Connection;

  constructor(port: MessagePort, clock: Clock = realClock) {
    if (!(port instanceof MessagePort)) {
      const problem = `must be a MessagePort that pool.port() made, not ${show(port)}`;
      throw badOptions([{ option: 'port', problem }]);
    }
    const connection = new Connection(port, clock);
    super(connection);
    this.#connection = connection;
    this.sync = new BlockingRequests(connection);
  }

  async stats(): Promise<PoolStats> {
    const answer = await this.#connection.questions.ask({ verb: 'stats' });
    if (answer.type !== 'stats') throw new TypeError(`${answer.type} are no stats`);
    return answer.stats;
  }

  close(options: CloseOptions = NO_OPTIONS): Promise<void> {
    return closeWithin(options, this.#connection);
  }

  destroy(reason?: unknown): Promise<void> {
    return this.#connection.destroy(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
