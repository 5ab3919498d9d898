/**
 * What an exchange has to pass to be admitted: the gate of the pool, of its tenant, of its origin.
 *
 * A gate knows when it opens: at once, at a time that a rate or a pause gives, or, `Infinity`, when
 * something that has passed it ends. It lies on the pool's timing wheel only while somebody waits
 * for that time.
 */

import type { ErrorCode } from '../errors.ts';
import type { RateLimit } from '../options.ts';
import { AdaptiveLimit } from './adaptive.ts';
import { type Deadline, UNSET_DEADLINE } from './deadlines.ts';
import { type Answer, isOverloaded, OVERLOAD_CODES, pauseMs } from './load-signs.ts';
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

/** How long the limit that was found for an origin is remembered after its last use. */
const MEMORY_MS = 60_000;

/**
 * The gate of one origin: it also counts what runs there. Where the pool adapts, it finds its limit
 * by itself, and is shut while its origin asks to be left alone.
 */
export class OriginGate extends Gate {
  /** Exchanges that have passed and not ended. */
  running = 0;
  #most = Number.POSITIVE_INFINITY;
  #adaptive: AdaptiveLimit | undefined;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #usedMs = Number.NEGATIVE_INFINITY;

  constructor(name: string, wake: (gate: Gate) => void) {
    super('origin', name, wake);
  }

  /** How many may run at a time, or, if it is to adapt, the most it may find. */
  limit(most: number, isAdaptive: boolean): void {
    this.#most = most;
    if (!isAdaptive) {
      this.#adaptive = undefined;
      this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
    } else if (this.#adaptive === undefined) this.#adaptive = new AdaptiveLimit(most);
    else this.#adaptive.bound(most);
  }

  /** Whether it learns from answers and failures. */
  get adapts(): boolean {
    return this.#adaptive !== undefined;
  }

  /** What one that passes has to remember, for what is learnt from it. */
  get window(): number {
    return this.#adaptive?.window ?? 0;
  }

  /** One that passed in `window` is answered. */
  answered(window: number, answer: Answer, nowMs: number): void {
    const { latencyMs } = answer;
    this.#adaptive?.learn({ window, latencyMs, overloaded: isOverloaded(answer) });
    // A date is of the wall's clock; all else here is of the pool's.
    const untilMs = nowMs + (pauseMs(answer, Date.now()) ?? 0);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  /** One that passed in `window` failed before it was answered. */
  failed(window: number, code: 'done' | ErrorCode): void {
    const overloaded = OVERLOAD_CODES.has(code);
    this.#adaptive?.learn({ window, latencyMs: undefined, overloaded });
  }

  override opensAtMs(nowMs: number): number {
    if (this.running >= (this.#adaptive?.limit ?? this.#most)) return Number.POSITIVE_INFINITY;
    return Math.max(this.#pausedUntilMs, super.opensAtMs(nowMs));
  }

  override pass(nowMs: number): void {
    this.running += 1;
    this.#usedMs = nowMs;
    this.#adaptive?.started(this.running);
    super.pass(nowMs);
  }

  override isIdle(nowMs: number): boolean {
    if (this.running > 0 || this.#pausedUntilMs > nowMs) return false;
    if (this.adapts && nowMs - this.#usedMs < MEMORY_MS) return false;
    return super.isIdle(nowMs);
  }
}
