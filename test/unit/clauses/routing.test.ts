/** Which worker takes a request: the one with a connection to its origin, another when it is full. */

import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PoolOptions } from '../../../src/index.ts';
import { type EchoServer, echoServer } from '../../helpers/echo-server.ts';
import { type SimulatedPool, simulatedPool } from '../../helpers/simulated-pool.ts';
import { trustTestCa } from '../../helpers/tls.ts';

/** The worker that had the answer to a GET, and whether on a connection that was there. */
async function served(
  { pool }: SimulatedPool,
  server: EchoServer,
): Promise<readonly [number | undefined, boolean | undefined]> {
  const { metrics } = await pool.await(pool.get(server.url('/bytes/1')));
  // undici uses a connection again a turn after its response.
  await turn();
  return [metrics.worker, metrics.reusedConnection];
}

/** Two workers, of which the second has an idle connection to the server. */
async function withIdleSecond(
  options: PoolOptions,
  [server, other]: readonly [EchoServer, EchoServer],
): Promise<SimulatedPool> {
  const simulated = simulatedPool({ workers: 2, ...options });
  const blocking = simulated.pool.get(other.url('/drip'), { stream: true });
  await other.drip();
  expect(await served(simulated, server)).toEqual([2, false]);
  simulated.pool.cancel(blocking);
  return simulated;
}

describe.each(['http', 'h2'] as const)('routing over %s', (protocol) => {
  let trust: Disposable;
  beforeAll(() => {
    trust = trustTestCa();
  });
  afterAll(() => trust[Symbol.dispose]());

  test('H6 prefers the worker that has an idle connection to the origin', async () => {
    await using server = await echoServer({ protocol });
    await using other = await echoServer({ protocol });
    await using simulated = await withIdleSecond({}, [server, other]);
    expect(await served(simulated, server)).toEqual([2, true]);
    expect(server.connections).toBe(1);
  });

  test('H6 takes the least busy worker whatever is open, when told so', async () => {
    await using server = await echoServer({ protocol });
    await using other = await echoServer({ protocol });
    await using simulated = await withIdleSecond({ select: 'least-busy' }, [server, other]);
    expect(await served(simulated, server)).toEqual([1, false]);
    expect(server.connections).toBe(2);
  });

  test('H6 spills over when the worker with the connection is full', async () => {
    await using server = await echoServer({ protocol });
    await using other = await echoServer({ protocol });
    await using simulated = await withIdleSecond({ maxInFlight: 1 }, [server, other]);
    const { pool } = simulated;
    const first = pool.get(server.url('/drip'), { stream: true });
    await server.drip();
    expect(pool.stats().workers.map(({ inFlight }) => inFlight)).toEqual([0, 1]);
    expect(await served(simulated, server)).toEqual([1, false]);
    pool.cancel(first);
  });

  test('W1 a worker that was restarted has no connections any more', async () => {
    await using server = await echoServer({ protocol });
    await using other = await echoServer({ protocol });
    await using simulated = await withIdleSecond({}, [server, other]);
    simulated.pool.killWorker(2);
    simulated.clock.advance(100);
    expect(simulated.pool.stats().workers.map(({ state }) => state)).toEqual(['up', 'up']);
    expect(await served(simulated, server)).toEqual([1, false]);
  });
});
