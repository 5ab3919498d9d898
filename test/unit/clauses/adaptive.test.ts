/** What an origin can take is found from its answers, and one that asks to be left alone is. */

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createPool, type PoolOptions, RequestError } from '../../../src/index.ts';
import { gaugesOf } from '../../helpers/ends.ts';
import { QueueingOrigin } from '../../helpers/queueing-origin.ts';
import { ScriptedDispatcher } from '../../helpers/scripted-dispatcher.ts';
import { type SimulatedPool, simulatedPool } from '../../helpers/simulated-pool.ts';

const A = 'http://a.test/';
const B = 'http://b.test/';
const TICK_MS = 8;

interface Scripted {
  readonly transport: ScriptedDispatcher;
  readonly simulated: SimulatedPool;
}

function scripted(options: PoolOptions): Scripted {
  const transport = new ScriptedDispatcher();
  return { transport, simulated: simulatedPool({ dispatcher: () => transport, ...options }) };
}

/** Answers the next request, and says where it went. */
async function answer(
  { transport }: Scripted,
  status: number,
  headers: Record<string, string> = {},
): Promise<string> {
  const dispatch = await transport.next();
  dispatch.start();
  dispatch.head(status, headers);
  dispatch.end();
  return `${dispatch.options.origin}/`;
}

describe('adaptive', () => {
  test('H9 follows an origin whose capacity halves and recovers', async () => {
    const run = scripted({ maxPerOrigin: 64, adaptive: true });
    await using simulated = run.simulated;
    const { pool, clock, replyTo } = simulated;
    const origin = new QueueingOrigin(clock, 16, () => 20);
    const serve = async (): Promise<never> => {
      for (;;) {
        const dispatch = await run.transport.next();
        dispatch.start();
        origin.request(() => {
          dispatch.head();
          dispatch.end();
        });
      }
    };
    void serve();
    for (let i = 0; i < 7_000; i += 1) pool.get(A, { replyTo });
    for (const servers of [16, 8, 16]) {
      origin.servers = servers;
      const seen: number[] = [];
      for (let ms = 0; ms < 3_000; ms += 5) {
        clock.advance(5);
        await turn();
        if (ms >= 1_000) seen.push(pool.stats().inFlight);
      }
      seen.sort((a, b) => a - b);
      // A tenth of the time it may be looking how fast the origin is without a queue.
      expect(seen[Math.ceil(seen.length / 10)]).toBeGreaterThanOrEqual(servers);
      expect(seen.at(-1)).toBeLessThanOrEqual(2 * servers);
    }
    expect(pool.stats().queued).toBeGreaterThan(0);
    await pool.destroy();
    // What the origin still serves is the test's own.
    clock.advance(100);
  });

  test('H9 asks an origin that says it is overloaded for one at a time, and then for more', async () => {
    const run = scripted({ maxPerOrigin: 64, adaptive: true });
    await using simulated = run.simulated;
    const { pool, replyTo } = simulated;
    for (let i = 0; i < 600; i += 1) pool.get(A, { replyTo });
    const first = pool.stats().inFlight;
    for (let i = 0; i < 60; i += 1) await answer(run, 503);
    await turn();
    expect([first > 1, pool.stats().inFlight]).toEqual([true, 1]);
    for (let i = 0; i < 200; i += 1) await answer(run, 200);
    await turn();
    expect(pool.stats().inFlight).toBeGreaterThan(first);
  });

  test('H9 what cannot be reached is overloaded too', async () => {
    const run = scripted({ maxPerOrigin: 64, adaptive: true });
    await using simulated = run.simulated;
    const { pool, replyTo } = simulated;
    for (let i = 0; i < 100; i += 1) pool.get(A, { replyTo });
    for (let i = 0; i < 60; i += 1) {
      const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
      (await run.transport.next()).fail(error);
    }
    await turn();
    expect(pool.stats().totals.error).toEqual({ ERR_CONNECT: 60 });
    expect(pool.stats().inFlight).toBe(1);
  });
});

describe('Retry-After', () => {
  test.each([
    [429, '2', {}],
    [503, '2', {}],
    [503, 'Sat, 21 Nov 2026 12:00:02 GMT', { date: 'Sat, 21 Nov 2026 12:00:00 GMT' }],
  ])('H9 with a %i of %s pauses its origin for 2 s, and no other', async (status, value, more) => {
    const run = scripted({ maxPerOrigin: 1, adaptive: true });
    await using simulated = run.simulated;
    const { pool, clock, replyTo } = simulated;
    for (const url of [A, A, B]) pool.get(url, { replyTo });
    expect(await answer(run, status, { 'retry-after': value, ...more })).toBe(A);
    expect(await answer(run, 200)).toBe(B);
    expect(gaugesOf(pool)).toMatchObject({ queued: 1, running: 0 });
    pool.get(A, { replyTo });
    pool.get(B, { replyTo });
    expect(await answer(run, 200)).toBe(B);
    clock.advance(1_999);
    expect(gaugesOf(pool)).toMatchObject({ queued: 2, running: 0 });
    clock.advance(1 + TICK_MS);
    expect(await answer(run, 200)).toBe(A);
    expect(await answer(run, 200)).toBe(A);
  });

  test('H9 pauses from the head of the response on, not from its end', async () => {
    const run = scripted({ maxPerOrigin: 2, adaptive: true });
    await using simulated = run.simulated;
    const { pool, clock, replyTo } = simulated;
    for (const url of [A, A, A]) pool.get(url, { replyTo });
    const [first, second] = [await run.transport.next(), await run.transport.next()];
    for (const dispatch of [first, second]) dispatch.start();
    first.head(503, { 'retry-after': '1' });
    second.head();
    second.end();
    expect(gaugesOf(pool)).toMatchObject({ queued: 1, running: 1 });
    clock.advance(1_000 + TICK_MS);
    expect(gaugesOf(pool)).toMatchObject({ queued: 0, running: 2 });
    first.end();
  });

  test('H9 of several the longest holds', async () => {
    const run = scripted({ maxPerOrigin: 2, adaptive: true });
    await using simulated = run.simulated;
    const { pool, clock, replyTo } = simulated;
    for (const url of [A, A, A]) pool.get(url, { replyTo });
    await answer(run, 503, { 'retry-after': '3' });
    await answer(run, 503, { 'retry-after': '1' });
    clock.advance(2_999);
    expect(gaugesOf(pool)).toMatchObject({ queued: 1, running: 0 });
    clock.advance(1 + TICK_MS);
    expect(gaugesOf(pool)).toMatchObject({ queued: 0, running: 1 });
  });

  test.each([
    ['a second more', '3601', {}],
    ['years', '99999999999', {}],
    ['what is no number any more', '9'.repeat(400), {}],
    ['a date', 'Fri, 31 Dec 9999 23:59:59 GMT', { date: 'Sat, 21 Nov 2026 12:00:00 GMT' }],
  ])('H9 of more than an hour pauses its origin for an hour: %s', async (_what, value, more) => {
    const run = scripted({ maxPerOrigin: 1, adaptive: true });
    await using simulated = run.simulated;
    const { pool, clock, replyTo } = simulated;
    for (const url of [A, A]) pool.get(url, { replyTo });
    await answer(run, 503, { 'retry-after': value, ...more });
    clock.advance(60 * 60_000 - 1);
    expect(gaugesOf(pool)).toMatchObject({ queued: 1, running: 0 });
    clock.advance(1 + TICK_MS);
    expect(await answer(run, 200)).toBe(A);
  });

  test.each(['soon', '-1', '1.5', ''])('H9 that says %j is ignored', async (value) => {
    const run = scripted({ maxPerOrigin: 1, adaptive: true });
    await using simulated = run.simulated;
    for (const url of [A, A]) simulated.pool.get(url, { replyTo: simulated.replyTo });
    await answer(run, 503, { 'retry-after': value });
    expect(await answer(run, 200)).toBe(A);
  });

  test('H9 of another status pauses nobody, and none does without adaptive', async () => {
    for (const [status, adaptive] of [
      [200, true],
      [503, false],
    ] as const) {
      const run = scripted({ maxPerOrigin: 1, adaptive });
      await using simulated = run.simulated;
      for (const url of [A, A]) simulated.pool.get(url, { replyTo: simulated.replyTo });
      await answer(run, status, { 'retry-after': '60' });
      expect(await answer(run, 200)).toBe(A);
    }
  });

  test('H6 who waits for a paused origin may be cancelled, and does not wait for ever', async () => {
    const run = scripted({ maxPerOrigin: 1, adaptive: true });
    await using simulated = run.simulated;
    const { pool, replyTo, messageAt } = simulated;
    pool.get(A);
    await answer(run, 503, { 'retry-after': '99999999999' });
    pool.cancel(pool.get(A));
    expect(pool.stats().queued).toBe(0);
    pool.get(A, { replyTo, queueTimeout: 500 });
    expect(await messageAt(500)).toMatchObject({ error: { code: 'ERR_ADMISSION_TIMEOUT' } });
  });

  test('H9 is forgotten when the pool adapts no more', async () => {
    const run = scripted({ maxPerOrigin: 1, adaptive: true });
    await using simulated = run.simulated;
    const { pool, replyTo } = simulated;
    for (const url of [A, A]) pool.get(url, { replyTo });
    await answer(run, 503, { 'retry-after': '60' });
    expect(pool.stats().queued).toBe(1);
    pool.setLimits({ adaptive: false });
    expect(await answer(run, 200)).toBe(A);
  });
});

test('P3 adaptive needs a bound to find a limit below', async () => {
  const issues = (act: () => unknown): unknown => {
    try {
      act();
    } catch (error) {
      return error instanceof RequestError && error.issues?.map(({ option }) => option);
    }
    return undefined;
  };
  expect(issues(() => createPool({ adaptive: true }))).toEqual(['adaptive']);
  await using simulated = simulatedPool({ adaptive: true, maxPerOrigin: 4 });
  const { pool } = simulated;
  expect(issues(() => pool.setLimits({ maxPerOrigin: Number.POSITIVE_INFINITY }))).toEqual([
    'adaptive',
  ]);
});
