/**
 * Holds up in line whoever waits for a gate that is shut, and nobody else.
 *
 * Invariants: of a gate that was looked at, those who wait for it are blocked if and only if it is
 * shut; one that opens by itself lies on the timing wheel if and only if somebody waits for it. So
 * whoever changes what a gate depends on has to have it looked at.
 */

import type { Clock } from '../clock.ts';
import type { Deadlines } from './deadlines.ts';
import type { Gate } from './gate.ts';
import type { Lines } from './lines.ts';

/** Those who wait, as far as a gate concerns them. */
type Held = Pick<Lines<unknown>, 'size' | 'block' | 'unblock' | 'blockTenant' | 'unblockTenant'>;

export interface GateWatchOptions {
  readonly lines: Held;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

export class GateWatch {
  readonly #options: GateWatchOptions;

  constructor(options: GateWatchOptions) {
    this.#options = options;
  }

  look(gate: Gate): void {
    const { clock, deadlines } = this.#options;
    const nowMs = clock.now();
    const opensAtMs = gate.opensAtMs(nowMs);
    const isWaitedFor = opensAtMs > nowMs ? this.#block(gate) : this.#unblock(gate);
    if (isWaitedFor) deadlines.set(gate, opensAtMs);
    else deadlines.clear(gate);
  }

  /** Whether somebody waits for it. */
  #block({ kind, name }: Gate): boolean {
    const { lines } = this.#options;
    if (kind === 'origin') return lines.block(name);
    if (kind === 'tenant') return lines.blockTenant(name);
    return lines.size > 0;
  }

  #unblock({ kind, name }: Gate): false {
    const { lines } = this.#options;
    if (kind === 'origin') lines.unblock(name);
    if (kind === 'tenant') lines.unblockTenant(name);
    return false;
  }
}
