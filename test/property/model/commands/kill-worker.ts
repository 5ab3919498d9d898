/** A worker dies (W1, W2, W3). */

import type { PoolModel } from '../pool-model.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class KillWorker extends Step {
  readonly #choice: number;

  constructor(choice: number) {
    super();
    this.#choice = choice;
  }

  check(): boolean {
    return true;
  }

  act(model: PoolModel, world: World): void {
    const id = 1 + (this.#choice % model.workers.count);
    // Who ran on it is known only before.
    const { held } = model;
    world.pool.killWorker(id);
    model.killWorker(id, held);
  }

  toString(): string {
    return `KillWorker #${this.#choice}`;
  }
}
