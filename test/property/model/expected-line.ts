/** Who has to wait for admission, in which order (clauses H6, W2), and until when. */

import type { ExpectedExchange } from './expected-exchange.ts';
import type { Facts } from './pool-model.ts';

export class ExpectedLine {
  readonly #limit: number;
  #waiting: readonly ExpectedExchange[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    this.#waiting = this.#waiting.filter(({ phase }) => phase === 'queued');
    return this.#waiting.length;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Waits, where there is room to. */
  join(exchange: ExpectedExchange): boolean {
    if (this.length >= this.#limit) return false;
    this.#waiting = [...this.#waiting, exchange];
    return true;
  }

  /** Waits again, having lost its worker; for those there is always room. */
  comeBack(exchange: ExpectedExchange): void {
    this.#waiting = [...this.#waiting, exchange];
  }

  /** Those who lost a worker go first; in which order among themselves is left open. */
  next(facts: Facts | undefined): ExpectedExchange | undefined {
    if (this.isEmpty) return undefined;
    const first = this.#waiting.filter(({ isFirst }) => isFirst);
    if (first.length === 0) return this.#waiting[0];
    return first.find(({ id }) => facts?.isQueued(id) === false) ?? first[0];
  }

  /** Those whose time is over leave. */
  expire(nowMs: number): void {
    for (const exchange of this.#waiting) {
      const dues = exchange.phase === 'queued' ? exchange.times.dues('queued') : [];
      const due = dues.find(({ dueMs }) => dueMs <= nowMs);
      if (due !== undefined) exchange.fail(due.code);
    }
  }

  /** A timeout in the queue may come before what else happens at the same instant. */
  followTimeouts(facts: Facts | undefined, nowMs: number): void {
    for (const exchange of this.#waiting) {
      if (exchange.phase !== 'queued') continue;
      const ended = facts?.codeOf(exchange.id);
      const due = exchange.times
        .dues('queued')
        .find(({ dueMs, code }) => dueMs <= nowMs && code === ended);
      if (due !== undefined) exchange.fail(due.code);
    }
  }
}
