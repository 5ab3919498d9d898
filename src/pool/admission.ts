/**
 * Who runs now, who waits, who is refused (clause H6).
 *
 * p-queue orders those who have to wait; an exchange that need not wait does not touch it. The
 * queue is paused except for the moment in which a slot is free, so that a task that starts has a
 * worker, and `maxInFlight` is held exactly.
 *
 * Invariant: nobody waits while a worker has room; a slot taken is given back exactly once, by the
 * pool, when its exchange ends or moves.
 */

import PQueue from 'p-queue';
import type { Flight } from './flight.ts';
import type { Strategy } from './select.ts';
import { type LineOptions, WaitingLine } from './waiting-line.ts';
import type { WorkerSlot } from './worker-slot.ts';

export interface AdmissionOptions {
  readonly maxInFlight: number;
  readonly queueLimit: number;
  readonly slots: readonly WorkerSlot[];
  /** Chooses among the workers that have room. */
  readonly strategy: Strategy;
  /** Runs an admitted exchange; must not throw. */
  readonly start: (flight: Flight, slot: WorkerSlot) => void;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #line = new WaitingLine();
  readonly #queue: PQueue<WaitingLine, LineOptions>;
  /** Lent to the strategy, so that choosing makes no garbage. */
  readonly #candidates: WorkerSlot[] = [];
  #pumping = false;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const line = this.#line;
    // p-queue makes its own line; this one is handed to it, because exchanges also leave it early.
    const queueClass = function sharedLine() {
      return line;
    } as unknown as new () => WaitingLine;
    this.#queue = new PQueue<WaitingLine, LineOptions>({ queueClass, autoStart: false });
  }

  /** How many wait. */
  get queued(): number {
    return this.#line.size;
  }

  /** Starts the exchange, or lets it wait; `false` when there is no room to wait either. */
  admit(flight: Flight): boolean {
    if (this.#line.size === 0) {
      const slot = this.#select(flight);
      if (slot !== undefined) {
        this.#options.start(flight, slot);
        return true;
      }
    }
    if (this.#line.size >= this.#options.queueLimit) return false;
    this.#wait(flight, false);
    return true;
  }

  /** An exchange that had been admitted and lost its worker: it goes first (W2). */
  readmit(flight: Flight): void {
    const slot = this.#select(flight);
    if (slot !== undefined) this.#options.start(flight, slot);
    else this.#wait(flight, true);
  }

  /** The exchange waits no more; nothing happens to one that does not wait. */
  leave(flight: Flight): void {
    // Run, not dropped: p-queue forgets a task only when it has run, and this one does nothing.
    void this.#line.take(flight.ref)?.();
  }

  /** Lets in as many as have room now. */
  pump(): void {
    if (this.#pumping || this.#line.size === 0) return;
    this.#pumping = true;
    if (this.#isOpen) this.#queue.start();
    this.#queue.pause();
    this.#pumping = false;
  }

  #wait(flight: Flight, front: boolean): void {
    const admitted = this.#queue.add(() => this.#run(flight), { id: flight.ref, front });
    admitted.catch(reportBug);
  }

  #run(flight: Flight): void {
    if (!flight.isQueued) return;
    const slot = this.#select(flight);
    if (slot === undefined) {
      this.#wait(flight, true);
      return;
    }
    this.#options.start(flight, slot);
    if (!this.#isOpen) this.#queue.pause();
  }

  #select(flight: Flight): WorkerSlot | undefined {
    const { strategy, slots } = this.#options;
    const candidates = this.#candidates;
    let count = 0;
    for (const slot of slots) if (this.#hasRoom(slot)) candidates[count++] = slot;
    candidates.length = count;
    return strategy.select(candidates, flight.request.origin);
  }

  /** Whether an exchange would find a worker. */
  get #isOpen(): boolean {
    return this.#options.slots.some((slot) => this.#hasRoom(slot));
  }

  #hasRoom({ state, inFlight }: WorkerSlot): boolean {
    return state === 'up' && inFlight < this.#options.maxInFlight;
  }
}

function reportBug(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
