/** The pool is paused, or goes on: meanwhile nothing new starts (H6), and what runs goes on. */

import type { PoolModel } from '../pool-model.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class Pause extends Step {
  check(): boolean {
    return true;
  }

  act(model: PoolModel, world: World): void {
    world.pool.pause();
    model.pause();
  }

  toString(): string {
    return 'Pause';
  }
}

export class Resume extends Step {
  check(model: Readonly<PoolModel>): boolean {
    return model.admission.isPaused;
  }

  act(model: PoolModel, world: World): void {
    world.pool.resume();
    model.resume();
  }

  toString(): string {
    return 'Resume';
  }
}
