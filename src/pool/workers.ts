/**
 * The workers of a pool as admission sees them: whether one has room, and which takes the next.
 *
 * Invariant: nobody waits for a thread to start where a worker that is ready has room.
 */

import type { Strategy } from './select.ts';
import type { WorkerSlot } from './worker-slot.ts';

export class Workers {
  /** Exchanges one of them runs at a time (H6). */
  maxInFlight: number;
  readonly #slots: readonly WorkerSlot[];
  readonly #strategy: Strategy;
  /** Lent to the strategy, so that choosing makes no garbage. */
  readonly #candidates: WorkerSlot[] = [];

  constructor(slots: readonly WorkerSlot[], strategy: Strategy, maxInFlight: number) {
    this.#slots = slots;
    this.#strategy = strategy;
    this.maxInFlight = maxInFlight;
  }

  get haveRoom(): boolean {
    return this.#slots.some((slot) => this.#hasRoom(slot));
  }

  /** One that has room; `undefined` when none has. */
  select(origin: string): WorkerSlot | undefined {
    const candidates = this.#candidates;
    let count = 0;
    let isReady = false;
    for (const slot of this.#slots) {
      if (!this.#hasRoom(slot)) continue;
      if (slot.isReady !== isReady) {
        // The first that is ready takes the place of those that are not.
        if (isReady) continue;
        isReady = true;
        count = 0;
      }
      candidates[count++] = slot;
    }
    candidates.length = count;
    return this.#strategy.select(candidates, origin);
  }

  #hasRoom({ state, inFlight }: WorkerSlot): boolean {
    return state === 'up' && inFlight < this.maxInFlight;
  }
}
