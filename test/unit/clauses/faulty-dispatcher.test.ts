/** A dispatcher that cannot be made, throws, or ends behind the back of its worker. */

import { Agent, type Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { failureOf } from '../../helpers/ends.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';

/** Longer than the first restart may take (W3). */
const RESTART_MS = 100;

describe('a faulty dispatcher', () => {
  test('W1 that cannot be made counts as a death; requests wait for the next try', async () => {
    await using peer = await scriptedPeer();
    let made = 0;
    const dispatcher = (): Dispatcher => {
      made += 1;
      if (made === 1) throw new Error('no transport');
      return new Agent();
    };
    await using simulated = simulatedPool({ dispatcher });
    const { pool, clock } = simulated;
    const response = pool.await(pool.get(peer.origin));
    expect(pool.stats()).toMatchObject({ queued: 1, workers: [{ state: 'restarting' }] });
    clock.advance(RESTART_MS);
    const connection = await peer.connection();
    await connection.respond(200);
    expect((await response).metrics.attempts).toBe(1);
  });

  test('W1 that throws kills its worker: its exchange, and all others it held, end in it', async () => {
    await using peer = await scriptedPeer();
    let throws = false;
    class Fragile extends Agent {
      override dispatch(...args: Parameters<Agent['dispatch']>): boolean {
        if (throws) throw new TypeError('dispatch broke');
        return super.dispatch(...args);
      }
    }
    await using simulated = simulatedPool({ workers: 2, dispatcher: () => new Fragile() });
    const { pool, clock } = simulated;
    const held = pool.get(peer.origin);
    await (await peer.connection()).readHead();
    const other = pool.get(peer.origin);
    await (await peer.connection()).readHead();
    throws = true;
    const thrown = await failureOf(pool, pool.get(peer.origin));
    expect(thrown.error).toMatchObject({ code: 'ERR_WORKER_DIED', sent: false, retryable: true });
    expect(thrown.error.cause).toMatchObject({ message: 'dispatch broke' });
    expect((await failureOf(pool, held)).error).toMatchObject({
      code: 'ERR_WORKER_DIED',
      sent: true,
    });
    expect(pool.stats()).toMatchObject({
      inFlight: 1,
      workers: [{ state: 'restarting' }, { state: 'up' }],
    });
    throws = false;
    clock.advance(RESTART_MS);
    expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: 1 }, { restarts: 0 }]);
    pool.cancel(other);
  });

  test('H3 that throws when it is to abort ends all it held, and the one that was to be aborted', async () => {
    await using peer = await scriptedPeer();
    const stubborn = stubbornAgent('abort');
    await using simulated = simulatedPool({ dispatcher: stubborn.make });
    const { pool } = simulated;
    const [cancelled, held] = [pool.get(peer.origin), pool.get(peer.origin)];
    for (const connection of [await peer.connection(), await peer.connection()]) {
      await connection.readHead();
    }
    stubborn.throws = true;
    pool.cancel(cancelled);
    expect((await failureOf(pool, cancelled)).error.code).toBe('ERR_CANCELLED');
    const { error } = await failureOf(pool, held);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', cause: { message: 'abort broke' } });
    expect(pool.stats().workers).toMatchObject([{ state: 'restarting', inFlight: 0 }]);
  });

  test('W1 that throws when it is to abort a flood of hints kills its worker', async () => {
    await using peer = await scriptedPeer();
    const stubborn = stubbornAgent('abort');
    await using simulated = simulatedPool({ dispatcher: stubborn.make });
    const { pool } = simulated;
    const flooded = pool.get(peer.origin);
    const connection = await peer.connection();
    await connection.readHead();
    stubborn.throws = true;
    await connection.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100));
    const { error } = await failureOf(pool, flooded);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', cause: { message: 'abort broke' } });
    expect(pool.stats().workers).toMatchObject([{ state: 'restarting', inFlight: 0 }]);
  });

  test.each(['pause', 'resume'] as const)(
    'W1 that throws when it is to %s kills its worker',
    async (verb) => {
      await using peer = await scriptedPeer();
      const stubborn = stubbornAgent(verb);
      await using simulated = simulatedPool({ dispatcher: stubborn.make });
      const { pool, clock } = simulated;
      const [streamed, held] = [
        pool.get(peer.origin, { stream: true, window: 4 }),
        pool.get(peer.origin),
      ];
      const connection = await peer.connection();
      await (await peer.connection()).readHead();
      await connection.writeHead(200, { 'content-length': '100' });
      expect(await pool.receive(streamed)).toMatchObject({ type: 'status' });
      stubborn.throws = true;
      // More than the window: reading stops here, and goes on when this has been read.
      await connection.write('8 bytes ');
      const fault = { code: 'ERR_WORKER_DIED', cause: { message: `${verb} broke` } };
      expect((await failureOf(pool, streamed)).error).toMatchObject(fault);
      expect((await failureOf(pool, held)).error).toMatchObject(fault);
      expect(pool.stats().workers).toMatchObject([{ state: 'restarting', inFlight: 0 }]);
      stubborn.throws = false;
      clock.advance(RESTART_MS);
      const again = pool.await(pool.get(peer.origin));
      await (await peer.connection()).respond(200);
      expect((await again).status).toBe(200);
    },
  );

  test.each<readonly [string, () => Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('close broke');
      },
    ],
    // What plain JavaScript may write.
    ['returns nothing', () => undefined as unknown as Promise<void>],
    ['rejects', () => Promise.reject(new Error('close broke'))],
  ])('P2 whose close %s is destroyed all the same', async (_how, close) => {
    let destroyed = 0;
    class Unclosable extends Agent {
      override close = close as Agent['close'];
      override async destroy(): Promise<void> {
        destroyed += 1;
      }
    }
    const clock = new ManualClock();
    const pool = new RequestPool({ workers: 1, dispatcher: () => new Unclosable() }, { clock });
    await pool.close();
    expect([destroyed, clock.pending]).toEqual([1, 0]);
  });

  test('W1 that was destroyed behind its back ends what ran and moves what comes, unseen', async () => {
    await using peer = await scriptedPeer();
    const agents: Agent[] = [];
    const dispatcher = (): Dispatcher => {
      const agent = new Agent();
      agents.push(agent);
      return agent;
    };
    await using simulated = simulatedPool({ dispatcher });
    const { pool, clock } = simulated;
    const ran = pool.get(peer.origin);
    const connection = await peer.connection();
    await connection.readHead();
    const destroyed = agents[0]?.destroy();
    expect((await failureOf(pool, ran)).error).toMatchObject({
      code: 'ERR_WORKER_DIED',
      sent: true,
    });
    await destroyed;
    clock.advance(RESTART_MS);
    await agents[1]?.destroy();
    const moved = pool.await(pool.get(peer.origin));
    // It leaves in a turn of its own, and fails there.
    await new Promise(setImmediate);
    expect(pool.stats()).toMatchObject({ queued: 1, workers: [{ state: 'restarting' }] });
    clock.advance(RESTART_MS);
    const next = await peer.connection();
    await next.readHead();
    await next.respond(200);
    expect((await moved).metrics).toMatchObject({ attempts: 2, worker: 1 });
    expect(pool.stats().totals.error).toEqual({ ERR_WORKER_DIED: 1 });
  });
});

interface Stubborn {
  throws: boolean;
  make(): Dispatcher;
}

/** An agent that throws when told to do `verb`, once it `throws`. */
function stubbornAgent(verb: 'pause' | 'resume' | 'abort'): Stubborn {
  class StubbornAgent extends Agent {
    override dispatch(
      options: Dispatcher.DispatchOptions,
      handler: Dispatcher.DispatchHandler,
    ): boolean {
      return super.dispatch(options, {
        ...passed(handler),
        onRequestStart: (controller, context) => {
          const obey = controller[verb].bind(controller) as (reason?: Error) => void;
          controller[verb] = (reason?: Error) => {
            if (stubborn.throws) throw new TypeError(`${verb} broke`);
            obey(reason);
          };
          handler.onRequestStart?.(controller, context);
        },
      });
    }
  }
  const stubborn: Stubborn = { throws: false, make: () => new StubbornAgent() };
  return stubborn;
}

/** The callbacks of a handler, which are methods of its class. */
function passed(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  return {
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  };
}
