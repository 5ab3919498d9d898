/** Awaits an exchange, again and again, with or without patience. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import { type RealExchange, seen } from '../real-exchange.ts';
import { AWAIT_REMAINDER_MS, UNIT_MS } from '../spec.ts';
import { ExchangeStep } from './step.ts';

export class Await extends ExchangeStep {
  readonly text: string;
  readonly #timeoutMs: number;

  constructor(choice: number, units: number | undefined) {
    super(choice);
    this.#timeoutMs =
      units === undefined ? Number.POSITIVE_INFINITY : units * UNIT_MS + AWAIT_REMAINDER_MS;
    this.text = `Await(${units ?? ''})`;
  }

  suits({ awaits }: ExpectedExchange): boolean {
    return awaits.length < 4;
  }

  on(
    exchange: ExpectedExchange,
    real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    real.awaits.push(seen(world.pool.await(real.handle, { timeout: this.#timeoutMs })));
    const { isLive, awaits, response } = exchange;
    const dueMs = model.nowMs + this.#timeoutMs;
    awaits.push({ dueMs, outcome: isLive ? 'waits' : 'end' });
    if (isLive) response.collectors += 1;
    else exchange.conclude();
    exchange.progress(model.nowMs);
  }
}
