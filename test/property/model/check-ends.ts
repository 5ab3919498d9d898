/** The invariants of the end, for every exchange of a run. */

import { checkEnded } from '../invariants.ts';
import type { PoolModel } from './pool-model.ts';
import type { World } from './world.ts';

/** Everything has ended, and was read to its end. */
export function checkExchanges(model: PoolModel, world: World): void {
  for (const exchange of model.exchanges) {
    const { id, response, receiverDead, upload } = exchange;
    // What was sent to the dead nobody has heard.
    if (receiverDead) continue;
    // A peer that does not read has not seen how it ended.
    if (upload?.stalled === true) continue;
    const request = world.peer.requests.get(id);
    checkEnded(world.real(id).ledger(id, response.granted + response.readBytes, request));
  }
}
