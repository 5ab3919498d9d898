/** Which gates are open, and when those that are shut open by themselves (clause H9). */

import type { RateLimit } from '../../../src/options.ts';
import type { ExpectedExchange } from './expected-exchange.ts';
import type { AdmissionOptions } from './model-options.ts';

export class ExpectedGates {
  readonly #options: AdmissionOptions;
  readonly #starts: { readonly exchange: ExpectedExchange; readonly atMs: number }[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** One starts: the first time, or again on another worker. */
  pass(exchange: ExpectedExchange, nowMs: number): void {
    this.#starts.push({ exchange, atMs: nowMs });
  }

  /** Whether the gate that all have to pass is open. */
  isPoolOpen(nowMs: number): boolean {
    return this.#poolOpensAtMs() <= nowMs;
  }

  /** Whether those of its tenant and its origin are open. */
  isOpen(exchange: ExpectedExchange, running: readonly ExpectedExchange[], nowMs: number): boolean {
    const { origin } = exchange.claim;
    const there = running.filter(({ claim }) => claim.origin === origin).length;
    return there < this.#options.maxPerOrigin && this.#opensAtMs(exchange) <= nowMs;
  }

  /** When somebody who waits may go on. */
  dues(waiting: readonly ExpectedExchange[]): readonly number[] {
    if (waiting.length === 0) return [];
    return [this.#poolOpensAtMs(), ...waiting.map((exchange) => this.#opensAtMs(exchange))];
  }

  #poolOpensAtMs(): number {
    return this.#endOf(this.#options.rate, () => true);
  }

  #opensAtMs({ claim: { tenant, origin } }: ExpectedExchange): number {
    const { tenants, originRate } = this.#options;
    return Math.max(
      this.#endOf(tenants[tenant]?.rate, ({ claim }) => claim.tenant === tenant),
      this.#endOf(originRate, ({ claim }) => claim.origin === origin),
    );
  }

  /** When one more of these starts is within a rate: the window that it ends has room. */
  #endOf(rate: RateLimit | undefined, counts: (exchange: ExpectedExchange) => boolean): number {
    if (rate === undefined) return Number.NEGATIVE_INFINITY;
    const starts = this.#starts.filter(({ exchange }) => counts(exchange));
    const first = starts[starts.length - rate.limit];
    return first === undefined ? Number.NEGATIVE_INFINITY : first.atMs + rate.interval;
  }
}
