/** A caller dies, with all that it asked for (C2, C3). */

import type { PoolModel } from '../pool-model.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class CallerDies extends Step {
  readonly #choice: number;

  constructor(choice: number) {
    super();
    this.#choice = choice;
  }

  check(model: Readonly<PoolModel>): boolean {
    return !model.isDeaf && mortal(model).length > 0;
  }

  async act(model: PoolModel, world: World): Promise<void> {
    const callers = mortal(model);
    const index = callers[this.#choice % callers.length];
    if (index === undefined) return;
    await world.callers.end(index);
    model.callerDies(index);
  }

  toString(): string {
    return `CallerDies #${this.#choice}`;
  }
}

/** Those alive whose death is certain in what it leads to. */
function mortal(model: Readonly<PoolModel>): readonly number[] {
  return model.callers.flatMap(({ state, exchanges }, index) => {
    const isKnown = exchanges.every(({ upload }) => upload?.isEndUnknown !== true);
    return state === 'alive' && isKnown ? [index] : [];
  });
}
