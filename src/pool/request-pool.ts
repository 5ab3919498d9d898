/**
 * The façade: what users call.
 *
 * A request goes from here to the `Engine`, which puts its record (`Flight`) into the one map and
 * asks `Admission`; an admitted record runs on a `WorkerSlot` through an `Exchange` on undici. The
 * calls that make and use handles are those of `pool/checked-calls`.
 */

import type { MessagePort } from 'node:worker_threads';
import { realClock } from '../clock.ts';
import { badOptions } from '../errors.ts';
import type { PoolLimits, PoolOptions } from '../options.ts';
import type { PoolStats } from '../stats.ts';
import { CheckedCalls } from './checked-calls.ts';
import { type CloseOptions, closeWithin } from './close-within.ts';
import { Engine } from './engine.ts';
import type { HandleCalls } from './handle-calls.ts';
import { Ports } from './port/ports.ts';
import type { Seams } from './supervised-workers.ts';
import { show } from './validate.ts';
import { resolvePool } from './validate-pool.ts';
import { NO_OPTIONS } from './validate-request.ts';

/**
 * A supervised pool of HTTP workers.
 *
 * Every `AsyncHandle` it gives out ends in exactly one terminal message (H3). Misuse of a call
 * throws, or rejects where the call returns a promise, with a `RequestError`.
 */
export interface Pool extends HandleCalls, AsyncDisposable {
  /**
   * A `MessagePort` for another thread, where `connectPool(port)` makes of it a pool to call from
   * there (W6). It keeps neither thread alive; the pool closes it when it ends.
   */
  port(): MessagePort;
  /** A snapshot; cheap and exact (S2). */
  stats(): PoolStats;
  /**
   * Starts nothing new until `resume`; what runs goes on, and what waits goes on waiting, its
   * `queueTimeout` too. Without effect on a pool that closes: `close` resumes it.
   */
  pause(): void;
  resume(): void;
  /**
   * Changes limits at once; those that are not given stay, `tenants` is replaced as a whole. Nobody
   * who runs is stopped, nobody who waits is refused, and who can run now does. Throws
   * `ERR_BAD_OPTIONS` with all that is wrong, and then nothing is changed.
   */
  setLimits(limits: PoolLimits): void;
  /** The worker with this id dies now and is restarted by its supervisor (W1). */
  killWorker(id: number): void;
  /**
   * Admits nothing more, lets everything end, closes the connections; after `timeout` ms (default
   * none) destroys (P1). Idempotent.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Ends everything at once with `ERR_POOL_DESTROYED`, `reason` as its cause (P1). Idempotent. */
  destroy(reason?: unknown): Promise<void>;
}

/**
 * Starts a pool; its workers are up when this returns. Throws `ERR_BAD_OPTIONS` with all that is
 * wrong before anything starts (P3).
 */
export function createPool(options?: PoolOptions): Pool {
  return new RequestPool(options);
}

const REAL_SEAMS: Seams = { clock: realClock, random: Math.random, threadModule: undefined };

/** The pool itself; tests hand in a clock and a source of chance. */
export class RequestPool extends CheckedCalls implements Pool {
  readonly #engine: Engine;
  readonly #ports: Ports;

  constructor(options?: PoolOptions, seams: Partial<Seams> = {}) {
    const engine = new Engine(resolvePool(options), { ...REAL_SEAMS, ...seams });
    super(engine);
    this.#engine = engine;
    this.#ports = new Ports(engine);
  }

  port(): MessagePort {
    return this.#ports.open();
  }

  stats(): PoolStats {
    return this.#engine.stats();
  }

  pause(): void {
    this.#engine.pause();
  }

  resume(): void {
    this.#engine.resume();
  }

  setLimits(limits: PoolLimits): void {
    this.#engine.setLimits(limits);
  }

  killWorker(id: number): void {
    if (!this.#engine.hasWorker(id)) {
      const problem = `must be the id of a worker of stats(), not ${show(id)}`;
      throw badOptions([{ option: 'id', problem }]);
    }
    this.#engine.killWorker(id);
  }

  async close(options: CloseOptions = NO_OPTIONS): Promise<void> {
    const engine = this.#engine;
    await closeWithin(options, {
      clock: engine.clock,
      close: () => {
        this.#ports.announce('ERR_POOL_CLOSED');
        return engine.close();
      },
      destroy: (reason) => engine.destroy(reason),
    });
    await this.#ports.close();
  }

  async destroy(reason?: unknown): Promise<void> {
    this.#ports.announce('ERR_POOL_DESTROYED');
    await this.#engine.destroy(reason);
    await this.#ports.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
