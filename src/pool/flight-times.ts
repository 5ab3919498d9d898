/**
 * When each step of one exchange happened; what follows from that is for its clock
 * (`pool/flight-clock`).
 *
 * Most of those who wait have run nowhere yet, and each time costs 24 bytes: so the times from the
 * admission on are in an object of their own, made with the first of them.
 */

import type { FlightTimes } from './flight-deadlines.ts';

/** The times from the admission on; `NaN` for what has not happened. */
class RunTimes {
  admittedMs = Number.NaN;
  dispatchedMs = Number.NaN;
  sentMs = Number.NaN;
  headMs = Number.NaN;
  movedMs = Number.NaN;
  drainUntilMs = Number.NaN;
  throughputMs = Number.NaN;
  throughputBytes = 0;
}

const NOT_RUN: RunTimes = Object.freeze(new RunTimes());

export class NotedTimes implements FlightTimes {
  readonly createdMs: number;
  /** When it began to wait, if that was not at its creation. */
  #requeuedMs: number | undefined;
  #run: RunTimes = NOT_RUN;

  constructor(createdMs: number) {
    this.createdMs = createdMs;
  }

  get queuedMs(): number {
    return this.#requeuedMs ?? this.createdMs;
  }

  get admittedMs(): number {
    return this.#run.admittedMs;
  }

  get dispatchedMs(): number {
    return this.#run.dispatchedMs;
  }

  get sentMs(): number {
    return this.#run.sentMs;
  }

  get headMs(): number {
    return this.#run.headMs;
  }

  get movedMs(): number {
    return this.#run.movedMs;
  }

  get drainUntilMs(): number {
    return this.#run.drainUntilMs;
  }

  get throughputMs(): number {
    return this.#run.throughputMs;
  }

  get throughputBytes(): number {
    return this.#run.throughputBytes;
  }

  /** It begins to wait once more. */
  protected waitAgain(nowMs: number): void {
    this.#requeuedMs = nowMs;
  }

  /** To be noted in. */
  protected get begun(): RunTimes {
    if (this.#run === NOT_RUN) this.#run = new RunTimes();
    return this.#run;
  }
}
