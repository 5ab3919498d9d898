/** A command of the model: what is done to the pool, and what the model says of it. */

import type fc from 'fast-check';
import type { ExpectedExchange } from '../expected-exchange.ts';
import type { PoolModel } from '../pool-model.ts';
import type { RealExchange } from '../real-exchange.ts';
import { settle } from '../settle.ts';
import type { World } from '../world.ts';

export type Command = fc.AsyncCommand<PoolModel, World>;

/** A command after which the pool has to come to rest where the model is. */
export abstract class Step implements Command {
  abstract check(model: Readonly<PoolModel>): boolean;

  /** Does it to the pool, then to the model, which may follow the pool where both ways are right. */
  abstract act(model: PoolModel, world: World): void | Promise<void>;

  async run(model: PoolModel, world: World): Promise<void> {
    model.learnFrom(world);
    model.learn();
    model.steps.push(this.constructor.name);
    await this.act(model, world);
    model.settle();
    await settle(model, world);
  }

  abstract toString(): string;
}

/** A step on one of the exchanges for which it has a meaning. */
export abstract class ExchangeStep extends Step {
  readonly #choice: number;

  constructor(choice: number) {
    super();
    this.#choice = choice;
  }

  /** Whether it can be done to this exchange now. */
  abstract suits(exchange: ExpectedExchange, model: Readonly<PoolModel>): boolean;

  abstract on(
    exchange: ExpectedExchange,
    real: RealExchange,
    context: { readonly model: PoolModel; readonly world: World },
  ): void | Promise<void>;

  /** Whether it does not depend on a thread that hears it. */
  readonly worksDeaf: boolean = false;

  /** The name of the command and what it was made with. */
  abstract readonly text: string;

  check(model: Readonly<PoolModel>): boolean {
    return this.#suiting(model).length > 0;
  }

  act(model: PoolModel, world: World): void | Promise<void> {
    const suiting = this.#suiting(model);
    const exchange = suiting[this.#choice % suiting.length];
    if (exchange === undefined) return;
    return this.on(exchange, world.real(exchange.id), { model, world });
  }

  toString(): string {
    return `${this.text} #${this.#choice}`;
  }

  #suiting(model: Readonly<PoolModel>): readonly ExpectedExchange[] {
    if (model.isDeaf && !this.worksDeaf) return [];
    return model.exchanges.filter((exchange) => this.suits(exchange, model));
  }
}
