/**
 * Who is watched for each exchange: its caller, its signal, its receiver.
 *
 * Invariant: what `begin` has opened for an exchange, `end` closes; after it the exchange hears of
 * nobody's death (C1, X3).
 */

import { callerMonitor, isDead, isWatchable, type Watcher } from '../actors/caller-monitor.ts';
import { TurnoverMap } from '../actors/turnover-map.ts';
import type { Caller } from '../options.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { HandleRecord } from './handle-record.ts';

interface Watched {
  readonly caller: Watcher | undefined;
  readonly signal: Watcher | undefined;
  readonly receiver: Watcher | undefined;
}

export class Watches {
  readonly #watched = new TurnoverMap<HandleRecord, Watched>();

  /** Begins to watch; an exchange of somebody who is dead already has ended when this returns. */
  begin(flight: HandleRecord): void {
    const { caller, signal, replyTo } = flight.request;
    if (caller === undefined && signal === undefined && replyTo === undefined) return;
    if (caller !== undefined && isDead(caller)) {
      flight.stop('ERR_CALLER_DIED');
    } else if (signal?.aborted === true) {
      flight.stop('ERR_CANCELLED', signal.reason);
    } else {
      this.#watch(flight);
      if (isMortal(replyTo) && isDead(replyTo)) flight.receiverDied();
    }
  }

  end(flight: HandleRecord): void {
    const { caller, signal, replyTo } = flight.request;
    if (caller === undefined && signal === undefined && replyTo === undefined) return;
    const watched = this.#watched.get(flight);
    if (watched === undefined) return;
    this.#watched.delete(flight);
    if (caller !== undefined && watched.caller) callerMonitor.unwatch(caller, watched.caller);
    if (signal !== undefined && watched.signal) callerMonitor.unwatch(signal, watched.signal);
    if (isMortal(replyTo) && watched.receiver) callerMonitor.unwatch(replyTo, watched.receiver);
  }

  #watch(flight: HandleRecord): void {
    const { caller, signal, replyTo } = flight.request;
    const receiver = isMortal(replyTo) ? replyTo : undefined;
    const watched: Watched = {
      caller: caller && { callerDied: () => flight.callerDied() },
      signal: signal && { callerDied: () => flight.stop('ERR_CANCELLED', signal.reason) },
      receiver: receiver && { callerDied: () => flight.receiverDied() },
    };
    this.#watched.set(flight, watched);
    // The signal first: where it is the caller too, it cancels and nothing is finished (X3).
    if (signal !== undefined && watched.signal) callerMonitor.watch(signal, watched.signal);
    if (caller !== undefined && watched.caller) callerMonitor.watch(caller, watched.caller);
    // It may have ended by that: some callers tell of their death while they are being watched.
    if (receiver === undefined || !watched.receiver || !this.#watched.has(flight)) return;
    callerMonitor.watch(receiver, watched.receiver);
  }
}

/** A receiver whose death can be observed: a port, an actor, a child process (C4). */
function isMortal(replyTo: ResolvedRequest['replyTo']): replyTo is Caller & typeof replyTo {
  return isWatchable(replyTo);
}
