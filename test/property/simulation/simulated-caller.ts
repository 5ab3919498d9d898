/** The caller of one exchange: it sends its body, and reads or grants for what it wants to have. */

import type { Driven } from './driven.ts';
import type { Expectation } from './expectation.ts';
import { bytesOf } from './pattern.ts';
import type { Plan } from './plan.ts';

export class SimulatedCaller {
  readonly #plan: Plan;
  readonly #driven: Driven;
  readonly #expectation: Expectation;
  #at = 0;
  #sentBytes = 0;

  constructor(plan: Plan, driven: Driven, expectation: Expectation) {
    this.#plan = plan;
    this.#driven = driven;
    this.#expectation = expectation;
  }

  /** Whether it has to grant for what it wants. */
  get grants(): boolean {
    const { mailbox, window } = this.#driven;
    return !mailbox && window < Number.POSITIVE_INFINITY;
  }

  /** The next step; what it was, `undefined` where it can do nothing. */
  step(): string | undefined {
    const step = this.#plan.caller[this.#at];
    if (step === undefined) return this.#read();
    this.#at += 1;
    if (step.do === 'finish') {
      this.#expectation.finished();
      this.#driven.finish();
    } else {
      this.#expectation.sent(step.bytes);
      void this.#driven.send(bytesOf(this.#plan.id * 2 + 1, this.#sentBytes, step.bytes));
      this.#sentBytes += step.bytes;
    }
    return step.do;
  }

  #read(): string | undefined {
    const { receiver, reads } = this.#plan;
    const driven = this.#driven;
    if (!driven.stream || !reads) return undefined;
    if (receiver === 'mailbox') driven.read();
    else if (receiver === 'loop') driven.iterate();
    else if (this.grants) driven.grant(driven.window * 2);
    else return undefined;
    return 'read';
  }
}
