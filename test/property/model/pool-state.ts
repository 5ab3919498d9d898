/**
 * How the whole pool stands, as the model sees it: who runs, which workers are up, what time it is,
 * whether the pool is open. What happens to it is in `pool-model`.
 */

import type { ErrorCode } from '../../../src/index.ts';
import { ExpectedAdmission, type Moment } from './expected-admission.ts';
import type { ExpectedExchange } from './expected-exchange.ts';
import { ExpectedWorkers, WEDGE_MS } from './expected-workers.ts';
import type { ModelOptions } from './model-options.ts';

/** What the model may learn from the real pool. */
export interface Facts {
  /** Whether the exchange waits for admission. */
  isQueued(id: string): boolean;
  /** Whether the end of its response was seen and waits for credit. */
  isEnding(id: string): boolean;
  /** The code with which it has ended. */
  codeOf(id: string): ErrorCode | undefined;
  /** The worker it runs on, or ran on last. */
  workerOf(id: string): number | undefined;
  isDown(worker: number): boolean;
}

/** `complete`: answered, so that its end is no death. */
export interface ExpectedCaller {
  readonly isServer: boolean;
  readonly exchanges: ExpectedExchange[];
  state: 'alive' | 'complete' | 'dead';
}

export type Life = 'open' | 'closing' | 'destroyed' | 'failed';

export const START_MS = 1024;

export class PoolState {
  readonly options: ModelOptions;
  readonly exchanges: ExpectedExchange[] = [];
  readonly workers: ExpectedWorkers;
  readonly admission: ExpectedAdmission;
  /** Callers, living and dead, with what they asked for. */
  readonly callers: ExpectedCaller[] = [];
  /** When a `close` gives up waiting. */
  closeDues: number[] = [];
  /** The commands so far, by name. */
  readonly steps: string[] = [];
  life: Life = 'open';
  nowMs = START_MS;
  protected facts: Facts | undefined;
  /** Who ran where when it was last looked at. */
  protected heldBefore: ReadonlyMap<string, number | undefined> = new Map();

  constructor(options: ModelOptions) {
    this.options = options;
    this.workers = new ExpectedWorkers(options.workers, options.maxRestarts, START_MS);
    this.admission = new ExpectedAdmission(options, this.workers);
  }

  /** The real pool, where the model may look at it. */
  learnFrom(facts: Facts): void {
    this.facts = facts;
  }

  /** Who runs where: after the death of a worker it is known no more. */
  get held(): ReadonlyMap<string, number | undefined> {
    return new Map(this.running.map(({ id }) => [id, this.facts?.workerOf(id)]));
  }

  /** Whether a thread is deaf, and so what comes of it may not be seen. */
  get isDeaf(): boolean {
    return this.workers.deaf.length > 0;
  }

  /** Whether somebody has waited too long for a thread that is deaf (W4). */
  get isOverdue(): boolean {
    return this.running.some(({ phase, id, times }) => {
      const sinceMs = this.workers.deafSince(this.heldBefore.get(id));
      if (sinceMs === undefined || phase === 'ending') return false;
      return this.nowMs >= Math.max(sinceMs, times.dispatchedMs) + WEDGE_MS;
    });
  }

  /** Workers that are up. */
  get workersUp(): readonly number[] {
    if (this.isOver || this.life === 'failed') return [];
    return Array.from({ length: this.workers.count }, (_, index) => index + 1).filter((id) =>
      this.workers.isUp(id),
    );
  }

  get live(): readonly ExpectedExchange[] {
    return this.exchanges.filter(({ isLive }) => isLive);
  }

  get running(): readonly ExpectedExchange[] {
    return this.exchanges.filter(({ isRunning }) => isRunning);
  }

  /** Whether nothing of the pool is left. */
  get isOver(): boolean {
    return this.life !== 'open' && this.live.length === 0;
  }

  /** Whether time may pass: how far every body has come is known. */
  get isTimeKnown(): boolean {
    return this.live.every(({ upload }) => upload?.isEndUnknown !== true);
  }

  /** The code that `request` throws. */
  get refusal(): ErrorCode | undefined {
    const codes = {
      open: undefined,
      closing: 'ERR_POOL_CLOSED',
      destroyed: 'ERR_POOL_DESTROYED',
      failed: 'ERR_POOL_FAILED',
    } as const;
    return codes[this.life];
  }

  protected get moment(): Moment {
    return { running: this.running, nowMs: this.nowMs };
  }
}
