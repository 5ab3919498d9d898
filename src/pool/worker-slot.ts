/**
 * The place of one worker in the pool: it stays while the worker in it dies and is restarted.
 *
 * Invariant: `inFlight` counts exactly the exchanges that were admitted here and have not ended or
 * moved; they are found by their `worker`.
 */

import type { Carrier } from '../actors/carrier.ts';
import { Connections } from '../actors/connections.ts';

/** `up` takes work; `restarting` waits for its backoff; `stopped` is for good. */
export type WorkerState = 'up' | 'restarting' | 'stopped';

export class WorkerSlot {
  readonly id: number;
  state: WorkerState = 'restarting';
  carrier: Carrier | undefined;
  /** Of that carrier. */
  connections = new Connections();
  /** Times a worker came up here. */
  starts = 0;
  /** Threads in a row that died here before they were up. */
  failedStarts = 0;
  openUploads = 0;
  bytesSent = 0;
  bytesReceived = 0;
  /** Exchanges admitted here that have not ended or moved: its share of `maxInFlight`. */
  inFlight = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Whether what is admitted here could start at once. */
  get isReady(): boolean {
    return this.carrier?.isReady === true;
  }

  /** An exchange is admitted here. */
  take(origin: string): void {
    this.inFlight += 1;
    this.connections.started(origin);
  }

  /** It has ended, or moves. */
  release(origin: string): void {
    this.inFlight -= 1;
    this.connections.ended(origin);
  }
}
