/** A pool whose own thread is busy: what arrived in the meantime is not taken for late. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureThread } from '../../helpers/fixture-thread.ts';
import { ISOLATIONS, isolatedPool } from '../../helpers/thread-pool.ts';

const BUSY_MS = 200;
const FREE_MS = 50;
/** Less than a response takes that waits until this thread is free. */
const PATIENCE_MS = 150;

const server = fork(new URL('../../fixtures/storm-server.ts', import.meta.url), { execArgv: [] });
let origin: string;

beforeAll(async () => {
  const [port] = await once(server, 'message');
  origin = `http://127.0.0.1:${String(port)}`;
});

afterAll(() => server.disconnect());

test.each(ISOLATIONS)(
  'W5 times out no answer that came while this thread was busy (%s)',
  async (isolation) => {
    await using pool = isolatedPool(isolation);
    await pool.await(pool.post(origin, { body: 'the thread and its connection are up' }));
    const limits = { headersTimeout: PATIENCE_MS, idleTimeout: PATIENCE_MS, timeout: 60_000 };
    for (let round = 0; round < 5; round += 1) {
      const response = pool.await(pool.post(origin, { body: 'count', ...limits }));
      response.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, FREE_MS));
      const again = pool.await(pool.post(origin, { body: 'this', ...limits }));
      // Out of this thread, and then nothing is read for a while.
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      block();
      expect([(await response).text(), (await again).text()]).toEqual(['5', '4']);
    }
  },
);

test.each(ISOLATIONS)(
  'W6 times out no caller of another thread while this one is busy for 200 ms of 250 (%s)',
  async (isolation) => {
    await using pool = isolatedPool(isolation);
    await pool.await(pool.post(origin, { body: 'the thread is up' }));
    const callers = [1, 2].map(() =>
      fixtureThread('port-caller.ts', { part: 'impatient', port: pool.port(), origin }),
    );
    let over = false;
    const ends = callers.map(async (caller) => {
      const seen = await caller.next();
      await caller.ended;
      return seen;
    });
    const all = Promise.all(ends).finally(() => {
      over = true;
    });
    while (!over) {
      for (const { worker } of callers) worker.postMessage('busy');
      block();
      await new Promise((resolve) => setTimeout(resolve, FREE_MS));
    }
    const seen = ['14', '81920', '14', '81920', 'ERR_IDLE_TIMEOUT'];
    expect(await all).toEqual([seen, seen]);
    expect(pool.stats().totals).toEqual({ done: 9, error: { ERR_IDLE_TIMEOUT: 2 } });
  },
);

/** Nothing happens in this thread for a while. */
function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
}
