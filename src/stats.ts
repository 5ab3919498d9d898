/** A snapshot of a pool (clause S2). Counts are exact; all gauges are zero when nothing is in flight. */

import type { EventLoopUtilization } from 'node:perf_hooks';
import type { ErrorCode } from './errors.ts';

export interface WorkerStats {
  readonly id: number;
  /** `restarting` also while its thread does not come up. */
  readonly state: 'up' | 'restarting' | 'stopped';
  readonly restarts: number;
  /** Exchanges running on it. */
  readonly inFlight: number;
  readonly openUploads: number;
  /** Bytes of request and response bodies since the pool began. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /**
   * What the event loop of the worker's thread has been doing since it started, in Node's own form:
   * `performance.eventLoopUtilization` takes two of them for what lies between. `undefined` inline,
   * and while the worker is restarting.
   */
  readonly eventLoopUtilization: EventLoopUtilization | undefined;
}

export interface PoolStats {
  /** Exchanges waiting for admission. */
  readonly queued: number;
  /** Exchanges admitted and not ended. */
  readonly inFlight: number;
  /** Uploads whose body is not yet handed over whole, queued ones included. */
  readonly openUploads: number;
  readonly workers: readonly WorkerStats[];
  /** Exchanges ended since the pool began. */
  readonly totals: {
    readonly done: number;
    readonly error: Readonly<Partial<Record<ErrorCode, number>>>;
  };
}
