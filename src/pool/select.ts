/**
 * Which worker an exchange goes to: small strategies with one verb, `select`.
 *
 * A strategy is given the workers that could take the exchange, up and with room, and returns one
 * of them; so whatever it prefers, a full worker spills over to another before anything waits (H6).
 * Without candidates there is none, and the exchange waits.
 */

import type { ResolvedPool } from '../resolved-options.ts';
import type { WorkerSlot } from './worker-slot.ts';

export interface Strategy {
  /** One of the candidates; `undefined` only when there are none. The list is lent for the call. */
  select(candidates: readonly WorkerSlot[], origin: string): WorkerSlot | undefined;
}

/** The strategy of a pool's `select` option. */
export function strategyOf(select: ResolvedPool['select'], random: () => number): Strategy {
  switch (select) {
    case 'affinity':
      return affinity;
    case 'least-busy':
      return leastBusy;
    case 'random':
      return twoChoices(random);
    default:
      return select satisfies never;
  }
}

/** The least busy worker; of equals the first, so that few connections do. */
export const leastBusy: Strategy = {
  select: (candidates) => cheapest(candidates, ({ inFlight }) => inFlight),
};

/** The worker that has a connection to the origin idle, of several the least busy; else that. */
export const affinity: Strategy = {
  select: (candidates, origin) =>
    cheapest(candidates, ({ inFlight, connections }) =>
      connections.hasIdle(origin) ? inFlight : NO_CONNECTION + inFlight,
    ),
};

/** More than any load costs. */
const NO_CONNECTION = 2 ** 40;

/** The less busy of two workers drawn by chance. */
export function twoChoices(random: () => number): Strategy {
  return {
    select(candidates) {
      const { length } = candidates;
      const first = Math.floor(random() * length);
      const step = 1 + Math.floor(random() * (length - 1));
      const [one, other] = [candidates[first], candidates[(first + step) % length]];
      if (one === undefined || other === undefined) return one;
      return other.inFlight < one.inFlight ? other : one;
    },
  };
}

/** The candidate with the lowest cost, of equals the first. */
function cheapest(
  candidates: readonly WorkerSlot[],
  costOf: (slot: WorkerSlot) => number,
): WorkerSlot | undefined {
  if (candidates.length < 2) return candidates[0];
  let best: WorkerSlot | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const slot of candidates) {
    const cost = costOf(slot);
    if (cost >= least) continue;
    best = slot;
    least = cost;
  }
  return best;
}
