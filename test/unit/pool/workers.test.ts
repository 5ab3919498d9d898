/** Which workers are in the choice: those with room, and of them those that are ready. */

import { expect, test } from 'vitest';
import type { Carrier } from '../../../src/actors/carrier.ts';
import { leastBusy } from '../../../src/pool/select.ts';
import { WorkerSlot, type WorkerState } from '../../../src/pool/worker-slot.ts';
import { Workers } from '../../../src/pool/workers.ts';

const ORIGIN = 'http://a.test';
const MAX_IN_FLIGHT = 2;

interface Standing {
  readonly isReady: boolean;
  readonly inFlight: number;
  readonly state?: WorkerState;
}

const ready = (inFlight: number): Standing => ({ isReady: true, inFlight });
const loading = (inFlight: number): Standing => ({ isReady: false, inFlight });

/** The id of the one that is chosen; they are numbered from 1. */
function chosen(...standings: readonly Standing[]): number | undefined {
  const slots = standings.map(({ isReady, inFlight, state = 'up' }, index) => {
    const slot = new WorkerSlot(index + 1);
    // Of its carrier no more than that is asked here.
    slot.carrier = { isReady } as Carrier;
    slot.state = state;
    for (let i = 0; i < inFlight; i += 1) slot.take(ORIGIN);
    return slot;
  });
  return new Workers(slots, leastBusy, MAX_IN_FLIGHT).select(ORIGIN)?.id;
}

test.each([
  ['the one that is ready, however busy', 2, [loading(0), ready(1)]],
  ['the same where it comes first', 1, [ready(1), loading(0)]],
  ['between two that are ready by the strategy', 3, [ready(1), loading(0), ready(0)]],
  ['between two that are loading by the strategy', 2, [loading(1), loading(0)]],
  ['one that is loading where all that are ready are full', 2, [ready(2), loading(1), ready(2)]],
  ['none where all are full', undefined, [ready(2), loading(2)]],
  ['none that is restarting', 2, [{ ...ready(0), state: 'restarting' as const }, loading(1)]],
] as const)('H6 chooses %s', (_, id, standings) => {
  expect(chosen(...standings)).toBe(id);
});
