/**
 * What becomes of the exchanges on a worker that dies, or whose thread does not come up: what has
 * not started moves, what has ends with the worker (W1, W2, W4).
 *
 * Invariants: all have moved before the first one ends, for whoever hears of an end may ask for more,
 * and that is not to have the room that they need; nor is anybody let in while some move, which is
 * for the pool to heed.
 */

import type { WorkerSlot } from './worker-slot.ts';

/** An exchange, as far as it depends on its worker. */
export interface Dependent {
  /** Where it runs, if it does. */
  readonly worker: WorkerSlot | undefined;
  /** Moves on if it has not started. */
  workerHalted(): void;
  workerDied(error: unknown): void;
}

export class WorkerLoss {
  readonly #flights: { snapshot(): readonly Dependent[] };
  #isMoving = false;

  constructor(flights: { snapshot(): readonly Dependent[] }) {
    this.#flights = flights;
  }

  /** Whether there are some that move now. */
  get isMoving(): boolean {
    return this.#isMoving;
  }

  died(slot: WorkerSlot, error: unknown): void {
    this.stalled(slot);
    for (const flight of this.#thoseOn(slot)) flight.workerDied(error);
  }

  stalled(slot: WorkerSlot): void {
    this.#isMoving = true;
    try {
      for (const flight of this.#thoseOn(slot)) flight.workerHalted();
    } finally {
      this.#isMoving = false;
    }
  }

  #thoseOn(slot: WorkerSlot): Dependent[] {
    return this.#flights.snapshot().filter(({ worker }) => worker === slot);
  }
}
