/** The peer closes all of its connections by force. */

import type { PoolModel } from '../pool-model.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class LoseConnections extends Step {
  check(model: Readonly<PoolModel>): boolean {
    const isHttp2 = model.options.version === '2';
    // Who is admitted meanwhile may still get onto a connection whose end is not yet seen.
    if (!isHttp2 || model.admission.line.length > 0 || model.isDeaf) return false;
    return model.running.every(({ upload }) => upload?.stalled !== true);
  }

  async act(model: PoolModel, world: World): Promise<void> {
    world.peer.loseAll();
    // Nobody tells when the client has seen the end of a connection that was idle.
    await world.rest();
    model.learn();
    for (const exchange of model.running) {
      // What has no connection loses none, what has all of its response needs none.
      if (exchange.phase === 'connecting' || exchange.phase === 'ending') continue;
      exchange.break('reset', model.nowMs);
    }
  }

  toString(): string {
    return 'LoseConnections';
  }
}
