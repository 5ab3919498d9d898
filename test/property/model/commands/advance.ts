/** Time passes, to the next thing that is due, or past every timeout. */

import type { PoolModel } from '../pool-model.ts';
import { passTime } from '../settle.ts';
import { UNIT_MS } from '../spec.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class Advance extends Step {
  readonly #units: number;

  constructor(units: number) {
    super();
    this.#units = units;
  }

  check(model: Readonly<PoolModel>): boolean {
    return model.isTimeKnown;
  }

  async act(model: PoolModel, world: World): Promise<void> {
    await passTime(model, world, this.#units * UNIT_MS);
  }

  toString(): string {
    return `Advance(${this.#units})`;
  }
}
