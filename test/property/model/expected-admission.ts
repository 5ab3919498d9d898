/** Who runs, who waits, who is refused (clauses H6, H9), and whether the pool is paused. */

import type { ExpectedExchange } from './expected-exchange.ts';
import { ExpectedGates } from './expected-gates.ts';
import { ExpectedLine, type IsOpen } from './expected-line.ts';
import type { ExpectedWorkers } from './expected-workers.ts';
import type { ModelOptions } from './model-options.ts';
import type { Facts } from './pool-state.ts';

/** Those that run now. */
export interface Moment {
  readonly running: readonly ExpectedExchange[];
  readonly nowMs: number;
}

export class ExpectedAdmission {
  readonly line: ExpectedLine;
  isPaused = false;
  readonly #gates: ExpectedGates;
  readonly #workers: ExpectedWorkers;
  readonly #maxInFlight: number;

  constructor({ queueLimit, admission, maxInFlight }: ModelOptions, workers: ExpectedWorkers) {
    this.line = new ExpectedLine(queueLimit, admission);
    this.#gates = new ExpectedGates(admission);
    this.#workers = workers;
    this.#maxInFlight = maxInFlight;
  }

  /** One comes. It overtakes only those whose own gates are shut. */
  come(exchange: ExpectedExchange, moment: Moment): 'starts' | 'waits' | 'refused' {
    const isOpen = this.#openTo(moment);
    const isFirst = !this.line.waiting.some(isOpen);
    if (isFirst && isOpen(exchange) && this.#canStart(moment)) return 'starts';
    return this.line.join(exchange) ? 'waits' : 'refused';
  }

  /** Takes the next who starts out of the line. */
  next(moment: Moment, facts: Facts | undefined): ExpectedExchange | undefined {
    if (!this.#canStart(moment)) return undefined;
    return this.line.next(this.#openTo(moment), facts);
  }

  started(exchange: ExpectedExchange, nowMs: number): void {
    this.#gates.pass(exchange, nowMs);
  }

  /** When something may open by itself. */
  get dues(): readonly number[] {
    return this.#gates.dues(this.line.waiting);
  }

  #openTo({ running, nowMs }: Moment): IsOpen {
    return (exchange) => this.#gates.isOpen(exchange, running, nowMs);
  }

  #canStart({ running, nowMs }: Moment): boolean {
    // What still runs on a worker that is down takes no room from those that are up.
    const taking = running.filter(
      ({ survived }) => survived === undefined || this.#workers.isUp(survived),
    );
    const hasRoom = taking.length < this.#workers.up * this.#maxInFlight;
    return hasRoom && !this.isPaused && this.#gates.isPoolOpen(nowMs);
  }
}
