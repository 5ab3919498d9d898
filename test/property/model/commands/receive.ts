/** Reads one message of a mailbox: polls, waits a while, or as long as it takes. */

import type { ExpectedExchange } from '../expected-exchange.ts';
import { type RealExchange, seen } from '../real-exchange.ts';
import { RECEIVE_REMAINDER_MS, UNIT_MS } from '../spec.ts';
import { ExchangeStep } from './step.ts';

export class Receive extends ExchangeStep {
  readonly text: string;
  readonly #timeoutMs: number;

  /** `units`: 0 polls. */
  constructor(choice: number, units: number | undefined) {
    super(choice);
    const waitsMs = (units ?? 0) * UNIT_MS + RECEIVE_REMAINDER_MS;
    if (units === undefined) this.#timeoutMs = Number.POSITIVE_INFINITY;
    else this.#timeoutMs = units === 0 ? 0 : waitsMs;
    this.text = `Receive(${units ?? ''})`;
  }

  suits({ response, receives }: ExpectedExchange): boolean {
    // How many messages a body makes is not known, so one reader at a time.
    const isRead = response.looping || receives.some(({ outcome }) => outcome === 'waits');
    return response.isMailbox && !isRead && receives.length < 12;
  }

  on(
    exchange: ExpectedExchange,
    real: RealExchange,
    { model, world }: Parameters<ExchangeStep['on']>[2],
  ) {
    real.receives.push(seen(world.pool.receive(real.handle, { timeout: this.#timeoutMs })));
    const isPoll = this.#timeoutMs === 0 && exchange.response.next === undefined;
    const dueMs = model.nowMs + this.#timeoutMs;
    exchange.receives.push({ dueMs, outcome: isPoll ? 'timeout' : 'waits' });
  }
}
