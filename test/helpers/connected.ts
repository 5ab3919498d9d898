/** A pool and a connection to it in the same thread; both are gone when it is disposed of. */

import { AssertionError } from 'node:assert';
import type { MessagePort } from 'node:worker_threads';
import type { PoolOptions } from '../../src/index.ts';
import { RemotePool } from '../../src/pool/port/connected-pool.ts';
import { RequestPool } from '../../src/pool/request-pool.ts';
import { gaugesOf } from './ends.ts';
import { ManualClock } from './manual-clock.ts';
import { ScriptedDispatcher } from './scripted-dispatcher.ts';

export interface Connected extends AsyncDisposable {
  readonly pool: RequestPool;
  readonly connected: RemotePool;
  /** The caller's end of the port. */
  readonly port: MessagePort;
  /** Time of both; stands still unless a test moves it. */
  readonly clock: ManualClock;
}

/** The same over a transport that the test plays. */
export interface Played extends Connected {
  readonly dispatcher: ScriptedDispatcher;
}

export function playedPool(): Played {
  const dispatcher = new ScriptedDispatcher();
  return { ...connectedPool({ dispatcher: () => dispatcher }), dispatcher };
}

export function connectedPool(options: PoolOptions = {}): Connected {
  const clock = new ManualClock(1_000);
  const pool = new RequestPool({ workers: 1, ...options }, { clock, random: () => 0.5 });
  const port = pool.port();
  const connected = new RemotePool(port, clock);
  return {
    pool,
    connected,
    port,
    clock,
    [Symbol.asyncDispose]: async () => {
      await connected.destroy();
      await pool.destroy();
      const left = [...Object.values(gaugesOf(pool)), clock.pending];
      if (left.some((count) => count > 0)) {
        throw new AssertionError({ message: `left behind, gauges and timers: ${left}` });
      }
    },
  };
}
