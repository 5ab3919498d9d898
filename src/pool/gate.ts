/**
 * What an exchange has to pass to be admitted: the gate of the pool, of its tenant, of its origin.
 *
 * A gate knows when it opens: at once, at a time that a rate or a pause gives, or, `Infinity`, when
 * something that has passed it ends. It lies on the pool's timing wheel only while somebody waits
 * for that time.
 */

import type { RateLimit } from '../options.ts';
import { type Deadline, UNSET_DEADLINE } from './deadlines.ts';
import { StrictRate } from './strict-rate.ts';

export type GateKind = 'pool' | 'tenant' | 'origin';

export class Gate implements Deadline {
  dueMs: number = UNSET_DEADLINE.dueMs;
  slot: number = UNSET_DEADLINE.slot;
  next: Deadline | undefined;
  previous: Deadline | undefined;
  readonly kind: GateKind;
  /** Of the tenant or origin. */
  readonly name: string;
  readonly #wake: (gate: Gate) => void;
  #rate: StrictRate | undefined;

  /** `wake` is called when the time has come for which it was put on the timing wheel. */
  constructor(kind: GateKind, name: string, wake: (gate: Gate) => void) {
    this.kind = kind;
    this.name = name;
    this.#wake = wake;
  }

  /** The rate from now on; the starts that are remembered count for it. */
  limitRate(rate: RateLimit | undefined): void {
    if (rate === undefined) this.#rate = undefined;
    else if (this.#rate === undefined) this.#rate = new StrictRate(rate);
    else this.#rate.change(rate);
  }

  /** When it lets the next one pass; at once when that is not after now. */
  opensAtMs(nowMs: number): number {
    return this.#rate === undefined ? Number.NEGATIVE_INFINITY : this.#rate.opensAtMs(nowMs);
  }

  /** One has passed. */
  pass(nowMs: number): void {
    this.#rate?.count(nowMs);
  }

  /** Whether there is nothing to remember of it. */
  isIdle(nowMs: number): boolean {
    return this.slot === UNSET_DEADLINE.slot && (this.#rate?.isIdle(nowMs) ?? true);
  }

  expire(): void {
    this.#wake(this);
  }
}

/** The gate of one origin: it also counts what runs there. */
export class OriginGate extends Gate {
  /** Exchanges that have passed and not ended. */
  running = 0;
  /** How many may run at a time. */
  limit = Number.POSITIVE_INFINITY;

  constructor(name: string, wake: (gate: Gate) => void) {
    super('origin', name, wake);
  }

  override opensAtMs(nowMs: number): number {
    return this.running >= this.limit ? Number.POSITIVE_INFINITY : super.opensAtMs(nowMs);
  }

  override pass(nowMs: number): void {
    this.running += 1;
    super.pass(nowMs);
  }

  override isIdle(nowMs: number): boolean {
    return this.running === 0 && super.isIdle(nowMs);
  }
}
