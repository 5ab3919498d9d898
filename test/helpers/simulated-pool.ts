/**
 * A pool whose time is simulated. When disposed it is destroyed, so that a failed test ends; and it
 * proves that no gauge and no timer of the pool is left.
 */

import { AssertionError } from 'node:assert';
import type { Message, PoolOptions } from '../../src/index.ts';
import { RequestPool } from '../../src/pool/request-pool.ts';
import { gaugesOf } from './ends.ts';
import { heard } from './heard.ts';
import { Inbox } from './inbox.ts';
import { ManualClock } from './manual-clock.ts';

export interface SimulatedPool extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly pool: RequestPool;
  /** What `replyTo` received. */
  readonly inbox: Inbox<Message>;
  readonly replyTo: (message: Message) => void;
  /**
   * The message that comes `ms` from now, when the pool has heard of all so far: not a millisecond
   * before, and at most a tick later.
   */
  messageAt(ms: number): Promise<Message>;
}

/** Resolution of the pool's timeouts. */
const TICK_MS = 8;

export function simulatedPool(options: PoolOptions = {}): SimulatedPool {
  const clock = new ManualClock(1_000);
  // No chance in what is simulated: half of all jitter.
  const pool = new RequestPool({ workers: 1, ...options }, { clock, random: () => 0.5 });
  const inbox = new Inbox<Message>();
  return {
    clock,
    pool,
    inbox,
    replyTo: (message) => inbox.push(message),
    messageAt: async (ms) => {
      await heard();
      clock.advance(ms - 1);
      if (inbox.size > 0) fail(`a message came before ${ms} ms`);
      clock.advance(1 + TICK_MS);
      if (inbox.size === 0) fail(`no message came at ${ms} ms`);
      return inbox.next();
    },
    [Symbol.asyncDispose]: async () => {
      await pool.destroy();
      const left = [...Object.values(gaugesOf(pool)), clock.pending];
      if (left.some((count) => count > 0)) fail(`left behind, gauges and timers: ${left}`);
    },
  };
}

function fail(message: string): never {
  throw new AssertionError({ message });
}
