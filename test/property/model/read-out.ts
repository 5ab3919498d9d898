/** At the end of a run: all that nobody has read or awaited is, and has to be what is expected. */

import type { ExpectedExchange } from './expected-exchange.ts';
import type { PoolModel } from './pool-model.ts';
import { seen } from './real-exchange.ts';
import { settle } from './settle.ts';
import type { World } from './world.ts';

/** The pool is destroyed: every exchange has ended. */
export async function readOut(model: PoolModel, world: World): Promise<void> {
  for (const exchange of model.exchanges) {
    if (exchange.response.isMailbox) await readMailbox(exchange, model, world);
    const { handle, awaits } = world.real(exchange.id);
    awaits.push(seen(world.pool.await(handle)));
    exchange.awaits.push({ dueMs: Number.POSITIVE_INFINITY, outcome: 'end' });
    exchange.conclude();
  }
  await settle(model, world);
}

/** To its end, and once more: then there is nothing, for ever (M5). */
async function readMailbox(
  exchange: ExpectedExchange,
  model: PoolModel,
  world: World,
): Promise<void> {
  const { handle, receives } = world.real(exchange.id);
  for (let isOver = false; !isOver; ) {
    isOver = exchange.response.endRead;
    receives.push(seen(world.pool.receive(handle, { timeout: 0 })));
    exchange.receives.push({ dueMs: Number.POSITIVE_INFINITY, outcome: 'waits' });
    await settle(model, world);
  }
}
