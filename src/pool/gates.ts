/**
 * The gates of a pool: one for all, one for each tenant that has a rate, one for each origin in use
 * where origins are limited.
 *
 * Invariant: what a pool does not limit has no gate, and who passes pays nothing for it. Gates of
 * origins that have nothing to remember are dropped: there are never more than twice as many as
 * have something, and `SPARE`.
 */

import type { ResolvedLimits } from '../resolved-options.ts';
import { Gate, OriginGate } from './gate.ts';

/** Gates of origins below which none is looked for that could be dropped. */
const SPARE = 64;

/** What of a request decides which gates it passes. */
export interface Passenger {
  readonly origin: string;
  readonly tenant: string;
}

export class Gates {
  readonly #wake: (gate: Gate) => void;
  readonly #pool: Gate;
  readonly #tenants = new Map<string, Gate>();
  readonly #origins = new Map<string, OriginGate>();
  #limits: ResolvedLimits;
  #isLimiting = false;
  #sweepAt = SPARE;

  /** `wake` is told of a gate for whose opening somebody waited. */
  constructor(limits: ResolvedLimits, wake: (gate: Gate) => void) {
    this.#wake = wake;
    this.#pool = new Gate('pool', '', wake);
    this.#limits = limits;
    this.change(limits);
  }

  /** Whether anybody has anything to pass. */
  get isLimiting(): boolean {
    return this.#isLimiting;
  }

  /** Whether everybody has the gate of an origin to pass. */
  get isPerOrigin(): boolean {
    const { maxPerOrigin, originRate } = this.#limits;
    return maxPerOrigin !== Number.POSITIVE_INFINITY || originRate !== undefined;
  }

  /** All there are. */
  all(): Gate[] {
    return [this.#pool, ...this.#tenants.values(), ...this.#origins.values()];
  }

  /** Those that one has to pass. */
  of({ tenant, origin }: Passenger): readonly Gate[] {
    if (!this.#isLimiting) return NONE;
    const gates = [this.#pool];
    const [ofTenant, ofOrigin] = [this.#tenants.get(tenant), this.#origins.get(origin)];
    if (ofTenant !== undefined) gates.push(ofTenant);
    if (ofOrigin !== undefined) gates.push(ofOrigin);
    return gates;
  }

  /** Whether one may pass now. */
  isOpen(passenger: Passenger, nowMs: number): boolean {
    return this.of(passenger).every((gate) => gate.opensAtMs(nowMs) <= nowMs);
  }

  /** Whether the gate that all have to pass is open. */
  isPoolOpen(nowMs: number): boolean {
    return this.#pool.opensAtMs(nowMs) <= nowMs;
  }

  /** One passes; the gate it has to leave at its end is that of its origin. */
  pass(passenger: Passenger, nowMs: number): OriginGate | undefined {
    if (!this.#isLimiting) return undefined;
    const { origin } = passenger;
    // One that is left of a limit that was taken away counts on, until nobody is in there.
    const ofOrigin = this.isPerOrigin ? this.#ofOrigin(origin, nowMs) : this.#origins.get(origin);
    for (const gate of this.of(passenger)) gate.pass(nowMs);
    return ofOrigin;
  }

  /** The gate of the origin of one that runs and has not passed it: it was not there then. */
  join({ origin }: Passenger, nowMs: number): OriginGate {
    const gate = this.#ofOrigin(origin, nowMs);
    gate.running += 1;
    return gate;
  }

  /** Other limits from now on. A gate without one is open; `drop` takes it away. */
  change(limits: ResolvedLimits): void {
    this.#limits = limits;
    this.#pool.limitRate(limits.rate);
    for (const [name, { rate }] of limits.tenants) {
      if (rate !== undefined && !this.#tenants.has(name)) {
        this.#tenants.set(name, new Gate('tenant', name, this.#wake));
      }
    }
    for (const [name, gate] of this.#tenants) gate.limitRate(limits.tenants.get(name)?.rate);
    for (const gate of this.#origins.values()) this.#limit(gate);
    this.#isLimiting = limits.rate !== undefined || this.#tenants.size > 0 || this.isPerOrigin;
  }

  /** Takes away the gates that limit nobody any more. */
  drop(nowMs: number): void {
    for (const name of this.#tenants.keys()) {
      if (this.#limits.tenants.get(name)?.rate === undefined) this.#tenants.delete(name);
    }
    for (const [name, gate] of this.#origins) {
      if (gate.isIdle(nowMs)) this.#origins.delete(name);
    }
    this.#sweepAt = Math.max(SPARE, 2 * this.#origins.size);
    this.#isLimiting =
      this.#limits.rate !== undefined || this.#tenants.size > 0 || this.isPerOrigin;
  }

  #ofOrigin(name: string, nowMs: number): OriginGate {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    if (this.#origins.size >= this.#sweepAt) this.drop(nowMs);
    const gate = new OriginGate(name, this.#wake);
    this.#limit(gate);
    this.#origins.set(name, gate);
    return gate;
  }

  #limit(gate: OriginGate): void {
    gate.limit(this.#limits.maxPerOrigin, this.#limits.adaptive);
    gate.limitRate(this.#limits.originRate);
  }
}

const NONE: readonly Gate[] = [];
