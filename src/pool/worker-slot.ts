/**
 * The place of one worker in the pool: it stays while the worker in it dies and is restarted.
 *
 * Invariant: `running` holds exactly the exchanges that were admitted here and have not ended or
 * moved, so its size is the worker's share of `maxInFlight`.
 */

import type { Dispatcher } from 'undici';

/** What runs on a worker, as far as the worker's death concerns it. */
export interface Running {
  workerDied(error: unknown): void;
}

/** `up` takes work; `restarting` waits for its backoff; `stopped` is for good. */
export type WorkerState = 'up' | 'restarting' | 'stopped';

export class WorkerSlot {
  readonly id: number;
  state: WorkerState = 'restarting';
  dispatcher: Dispatcher | undefined;
  /** Times a worker came up here. */
  starts = 0;
  openUploads = 0;
  bytesSent = 0;
  bytesReceived = 0;
  readonly running = new Set<Running>();

  constructor(id: number) {
    this.id = id;
  }
}
