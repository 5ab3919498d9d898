/**
 * The thread of a worker dies by itself, in one of the ways there are (W1, W2), or goes deaf: then it
 * has to be found and killed before anybody waits for it longer than `wedgeTimeout` (W4).
 */

import type { Death } from '../../../helpers/thread-tap.ts';
import type { PoolModel } from '../pool-model.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class KillThread extends Step {
  readonly #choice: number;
  readonly #how: Death;

  constructor(choice: number, how: Death) {
    super();
    this.#choice = choice;
    this.#how = how;
  }

  check(model: Readonly<PoolModel>): boolean {
    const isThread = model.options.isolation === 'thread' && !model.isDeaf;
    // Only a thread that runs something is asked whether it lives.
    const isFound = this.#how !== 'loop' || model.running.some(({ isAtPeer }) => isAtPeer);
    return isThread && isFound && model.workersUp.length > 0;
  }

  async act(model: PoolModel, world: World): Promise<void> {
    const { workersUp } = model;
    const id = this.#how === 'loop' ? this.#busyWorker(model, world) : undefined;
    const worker = id ?? workersUp[this.#choice % workersUp.length];
    if (worker === undefined) return;
    // Who ran on it is known only before.
    const held = model.held;
    await world.killThread(worker, this.#how);
    if (this.#how === 'loop') model.goDeaf(worker);
    else model.killWorker(worker, held);
  }

  #busyWorker(model: PoolModel, world: World): number | undefined {
    const busy = model.running.filter(({ isAtPeer }) => isAtPeer);
    const exchange = busy[this.#choice % busy.length];
    return exchange && world.workerOf(exchange.id);
  }

  toString(): string {
    return `KillThread(${this.#how}) #${this.#choice}`;
  }
}
