/** The pool is closed, with or without a timeout, or destroyed (P1). */

import type { PoolModel } from '../pool-model.ts';
import { seen } from '../real-exchange.ts';
import { QUEUE_REMAINDER_MS, UNIT_MS } from '../spec.ts';
import type { World } from '../world.ts';
import { Step } from './step.ts';

export class Close extends Step {
  readonly #timeoutMs: number;

  constructor(units: number | undefined) {
    super();
    this.#timeoutMs =
      units === undefined ? Number.POSITIVE_INFINITY : units * UNIT_MS + QUEUE_REMAINDER_MS;
  }

  check(): boolean {
    return true;
  }

  act(model: PoolModel, world: World): void {
    world.closes.push(seen(world.pool.close({ timeout: this.#timeoutMs })));
    model.close(this.#timeoutMs);
  }

  toString(): string {
    return `Close(${this.#timeoutMs})`;
  }
}

export class Destroy extends Step {
  check(): boolean {
    return true;
  }

  act(model: PoolModel, world: World): void {
    world.closes.push(seen(world.pool.destroy('enough')));
    model.endAll('destroyed', 'ERR_POOL_DESTROYED');
  }

  toString(): string {
    return 'Destroy';
  }
}
