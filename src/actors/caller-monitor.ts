/**
 * Watches callers and receivers: one listener per watched object, however many exchanges it has,
 * and none once they have ended (clause C1). How each kind is watched stands in `caller-kinds`.
 *
 * Invariants: a death is reported once to each watcher, in the order in which they began; what a
 * watched object throws stays here: who cannot be asked or watched counts as dead, and who throws
 * when it is let go is let go all the same.
 */

import type { Caller } from '../options.ts';
import { attachmentFor } from './caller-kinds.ts';
import { TurnoverMap } from './turnover-map.ts';

export interface Watcher {
  /** The watched object died. */
  callerDied(): void;
}

interface Watch {
  /** In the order in which they began. */
  readonly watchers: TurnoverMap<Watcher, true>;
  detach: () => void;
}

/** Whether a value is something whose death can be observed. */
export function isWatchable(value: unknown): value is Caller {
  return attachmentFor(value) !== undefined;
}

/** Callers whose death was reported; some look alive for a moment longer, or for ever. */
const reportedDead = new WeakSet<Caller>();

/** Whether a value can be seen to be dead already. */
export function isDead(caller: Caller): boolean {
  if (reportedDead.has(caller)) return true;
  try {
    return attachmentFor(caller)?.dead() ?? false;
  } catch {
    return true;
  }
}

export class CallerMonitor {
  readonly #watches = new TurnoverMap<Caller, Watch>();

  /** Objects that are being watched; zero when no exchange is left. */
  get size(): number {
    return this.#watches.size;
  }

  watch(caller: Caller, watcher: Watcher): void {
    const known = this.#watches.get(caller);
    if (known !== undefined) {
      known.watchers.set(watcher, true);
      return;
    }
    const watch: Watch = { watchers: new TurnoverMap(), detach: () => {} };
    watch.watchers.set(watcher, true);
    this.#watches.set(caller, watch);
    try {
      watch.detach = attachmentFor(caller)?.attach(() => this.#died(caller)) ?? watch.detach;
    } catch {
      this.#died(caller);
      return;
    }
    // Some kinds report a death while they are being attached to.
    if (this.#watches.get(caller) !== watch) letGo(watch);
  }

  unwatch(caller: Caller, watcher: Watcher): void {
    const watch = this.#watches.get(caller);
    if (watch === undefined || !watch.watchers.delete(watcher)) return;
    if (watch.watchers.size > 0) return;
    this.#watches.delete(caller);
    letGo(watch);
  }

  #died(caller: Caller): void {
    const watch = this.#watches.get(caller);
    if (watch === undefined) return;
    reportedDead.add(caller);
    this.#watches.delete(caller);
    letGo(watch);
    const failures: unknown[] = [];
    for (const watcher of watch.watchers.keys()) {
      try {
        watcher.callerDied();
      } catch (error) {
        failures.push(error);
      }
    }
    // They are of many pools: each hears of it before one of them may fail (H3).
    if (failures.length > 0) throw failures[0];
  }
}

/**
 * The one of this thread: a caller has one listener, in however many pools, by itself and through
 * scopes that stand for it.
 */
export const callerMonitor = new CallerMonitor();

function letGo({ detach }: Watch): void {
  try {
    detach();
  } catch {
    process.emitWarning('a caller threw when its exchanges had ended and it was let go', {
      type: 'SpoolCallerWarning',
      code: 'SPOOL_CALLER_THREW',
    });
  }
}
