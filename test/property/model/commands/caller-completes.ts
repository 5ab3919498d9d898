/**
 * A caller that is the request of a server is answered, and its client leaves after that, or stays:
 * neither is a death (C1).
 */

import type { PoolModel } from '../pool-model.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class CallerCompletes extends Step {
  readonly #choice: number;
  readonly #leaves: boolean;

  constructor(choice: number, leaves: boolean) {
    super();
    this.#choice = choice;
    this.#leaves = leaves;
  }

  check(model: Readonly<PoolModel>): boolean {
    return completable(model).length > 0;
  }

  async act(model: PoolModel, world: World): Promise<void> {
    const callers = completable(model);
    const index = callers[this.#choice % callers.length];
    if (index === undefined) return;
    await world.callers.complete(index, this.#leaves);
    model.callerCompletes(index);
    // What a death would do is done by then.
    await world.rest();
  }

  toString(): string {
    return `CallerCompletes(${this.#leaves ? 'leaves' : 'stays'}) #${this.#choice}`;
  }
}

function completable({ callers }: Readonly<PoolModel>): readonly number[] {
  return callers.flatMap(({ state, isServer }, index) =>
    state === 'alive' && isServer ? [index] : [],
  );
}
