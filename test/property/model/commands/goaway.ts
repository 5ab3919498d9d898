/** The peer takes nothing new on its connections: what it has opened goes on, the rest elsewhere. */

import type { PoolModel } from '../pool-model.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class Goaway extends Step {
  check(model: Readonly<PoolModel>): boolean {
    return model.options.version === '2' && !model.isDeaf && !model.isOver;
  }

  async act(_model: PoolModel, world: World): Promise<void> {
    world.peer.goaway();
    // What is sent before it is seen is refused, and an upload cannot be sent again.
    await world.rest();
  }

  toString(): string {
    return 'Goaway';
  }
}
