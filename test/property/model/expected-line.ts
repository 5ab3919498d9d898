/** Who has to wait for admission, in which order (clauses H6, H9, W2), and until when. */

import { NaiveLine } from '../naive-line.ts';
import type { ExpectedExchange } from './expected-exchange.ts';
import type { AdmissionOptions } from './model-options.ts';
import type { Facts } from './pool-state.ts';

/** Whether the gates of one who waits are open. */
export type IsOpen = (exchange: ExpectedExchange) => boolean;

export class ExpectedLine {
  readonly #limit: number;
  readonly #order: NaiveLine;
  /** By the order in which they came. */
  readonly #coming = new Map<number, ExpectedExchange>();
  /** Those who lost a worker. */
  readonly #returning = new Set<ExpectedExchange>();
  #comings = 0;

  constructor(limit: number, { tenants }: AdmissionOptions) {
    this.#limit = limit;
    const weights = Object.entries(tenants).map(
      ([name, { weight = 1 }]) => [name, weight] as const,
    );
    this.#order = new NaiveLine(new Map(weights));
  }

  /** All who wait. */
  get waiting(): readonly ExpectedExchange[] {
    this.#forget();
    return [...this.#returning, ...this.#coming.values()];
  }

  get length(): number {
    return this.waiting.length;
  }

  /** Waits, where there is room to. */
  join(exchange: ExpectedExchange): boolean {
    if (this.length >= this.#limit) return false;
    this.#coming.set(this.#comings, exchange);
    this.#order.enqueue(this.#comings, exchange.claim);
    this.#comings += 1;
    return true;
  }

  /** Waits again, having lost its worker; for those there is always room. */
  comeBack(exchange: ExpectedExchange): void {
    this.#returning.add(exchange);
  }

  /**
   * Takes out the next who can go. Those who lost a worker go first; in which order among
   * themselves is left open.
   */
  next(isOpen: IsOpen, facts: Facts | undefined): ExpectedExchange | undefined {
    this.#forget();
    const returning = [...this.#returning].filter(isOpen);
    const first = returning.find(({ id }) => facts?.isQueued(id) === false) ?? returning[0];
    if (first !== undefined) {
      this.#returning.delete(first);
      return first;
    }
    const open = [...this.#coming].filter(([, exchange]) => isOpen(exchange));
    const number = this.#order.dequeue(new Set(open.map(([one]) => one)));
    if (number === undefined) return undefined;
    const exchange = this.#coming.get(number);
    this.#coming.delete(number);
    return exchange;
  }

  /** Those whose time is over leave. */
  expire(nowMs: number): void {
    for (const exchange of this.waiting) {
      const due = exchange.times.dues('queued').find(({ dueMs }) => dueMs <= nowMs);
      if (due !== undefined) exchange.fail(due.code);
    }
  }

  /** A timeout in the queue may come before what else happens at the same instant. */
  followTimeouts(facts: Facts | undefined, nowMs: number): void {
    for (const exchange of this.waiting) {
      const ended = facts?.codeOf(exchange.id);
      const due = exchange.times
        .dues('queued')
        .find(({ dueMs, code }) => dueMs <= nowMs && code === ended);
      if (due !== undefined) exchange.fail(due.code);
    }
  }

  /** Who has ended waits no more. */
  #forget(): void {
    for (const exchange of this.#returning)
      if (!exchange.isQueued) this.#returning.delete(exchange);
    for (const [number, exchange] of this.#coming) {
      if (exchange.isQueued) continue;
      this.#coming.delete(number);
      this.#order.remove(number);
    }
  }
}
