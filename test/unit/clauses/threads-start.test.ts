/** Threads that do not come up: whoever waits for one goes elsewhere, and comes to no harm (W2, W4). */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { setEnvironmentData } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PoolOptions } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { type EchoServer, echoServer } from '../../helpers/echo-server.ts';
import { codeOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { until } from '../../helpers/until.ts';

const run = promisify(execFile);

const WEDGE_MS = 300;
/** No start takes longer. */
const START_MS = 5_000;
/** No first restart takes longer. */
const RESTART_MS = 100;

let server: EchoServer;
let late: Int32Array<SharedArrayBuffer>;
let clock: ManualClock;

beforeEach(async () => {
  server = await echoServer();
  late = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  setEnvironmentData('late', late.buffer as never);
  clock = new ManualClock(1_000);
});

afterEach(async () => {
  setEnvironmentData('late', undefined as never);
  await server.close();
});

function latePool(options: PoolOptions): RequestPool {
  const threadModule = new URL('../../fixtures/late-thread.ts', import.meta.url);
  const timeouts = { timeout: 60_000, connectTimeout: 60_000, idleTimeout: 60_000 };
  return new RequestPool(
    { isolation: 'thread', wedgeTimeout: WEDGE_MS, ...timeouts, ...options },
    { clock, threadModule },
  );
}

/** Time passes, and with it the turn in which it is looked what had come. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settled(2);
}

/** Destroys a pool with a thread that does not come up. */
async function destroyed(pool: RequestPool): Promise<void> {
  const end = pool.destroy();
  await settled();
  // The grace that a thread has.
  await pass(250);
  await end;
}

test('W4 whoever waits for a thread that hangs while it loads moves on within wedgeTimeout', async () => {
  const pool = latePool({ workers: 2 });
  const handles = [1, 2].map((body) => pool.post(`${server.origin}/echo`, { body: String(body) }));
  const responses = handles.map((handle) => pool.await(handle));
  expect((await Promise.race(responses)).metrics.attempts).toBe(1);
  await pass(WEDGE_MS - 1);
  expect(gaugesOf(pool)).toMatchObject({ queued: 0, running: 1 });
  await pass(1);
  const ends = await Promise.all(responses);
  expect(ends.map((response) => response.text())).toEqual(['1', '2']);
  expect(ends.map(({ metrics }) => metrics.attempts).toSorted()).toEqual([1, 2]);
  const states = pool.stats().workers.map(({ state }) => state);
  expect(states.toSorted()).toEqual(['restarting', 'up']);
  // It is given as long as a start can take, then it has died.
  await pass(START_MS - WEDGE_MS);
  await pass(RESTART_MS);
  const { workers, totals } = pool.stats();
  expect(workers.map(({ state }) => state)).toEqual(['up', 'up']);
  expect(workers.map(({ restarts }) => restarts).toSorted()).toEqual([0, 1]);
  expect(totals).toEqual({ done: 2, error: {} });
  await pool.close();
  expect(clock.pending).toBe(0);
});

test('W4 a thread that hangs while it loads is found when nobody waits for it, too', async () => {
  const pool = latePool({ workers: 1 });
  await until(() => Atomics.load(late, 0) === 1, 'the thread does not begin to start');
  await pass(START_MS - 1);
  expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: 0 }]);
  await pass(1);
  expect(pool.stats().workers).toMatchObject([{ state: 'restarting', restarts: 0 }]);
  await pass(RESTART_MS);
  expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: 1 }]);
  const response = await pool.await(pool.get(`${server.origin}/bytes/10`));
  expect(response.metrics).toMatchObject({ worker: 1, attempts: 1 });
  await pass(60_000);
  expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: 1 }]);
  await pool.close();
  expect(clock.pending).toBe(0);
});

test('W4 threads that need longer and longer are not killed in a loop', async () => {
  const threadModule = new URL('../../fixtures/no-thread.ts', import.meta.url);
  const pool = new RequestPool(
    { isolation: 'thread', workers: 1, maxRestarts: 2 },
    { clock, threadModule },
  );
  for (const [lateMs, restarts] of [
    [START_MS, 1],
    [2 * START_MS, 2],
  ] as const) {
    await pass(lateMs - 1);
    expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: restarts - 1 }]);
    await pass(1);
    expect(pool.stats().workers).toMatchObject([{ state: 'restarting' }]);
    // To the very start of the next.
    await pass((clock.nextDue ?? 0) - clock.now());
    expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts }]);
  }
  await destroyed(pool);
});

test('W3 a pool whose threads never come up has failed within a minute', async () => {
  const threadModule = new URL('../../fixtures/no-thread.ts', import.meta.url);
  const pool = new RequestPool(
    { isolation: 'thread', workers: 1, timeout: 600_000, connectTimeout: 600_000 },
    { clock, threadModule },
  );
  const ended = codeOf(pool.await(pool.get(server.origin)));
  let seconds = 0;
  const waits = (): boolean => gaugesOf(pool).queued + gaugesOf(pool).inFlight > 0;
  for (; seconds < 70 && waits(); seconds += 1) await pass(1_000);
  expect(await ended).toBe('ERR_POOL_FAILED');
  expect(seconds).toBeLessThanOrEqual(60);
  await destroyed(pool);
});

test('W4 a start that takes longer than wedgeTimeout is no death: who had nowhere to go waits for it', async () => {
  const pool = latePool({ workers: 1 });
  const upload = pool.post(`${server.origin}/echo`, { streamBody: true });
  expect(await pool.sendBody(upload, 'sent before, ')).toBe(true);
  const other = pool.get(`${server.origin}/bytes/10`);
  await settled();
  await pass(WEDGE_MS);
  expect(gaugesOf(pool)).toMatchObject({ queued: 2, running: 0, openUploads: 1 });
  expect(pool.stats().workers).toMatchObject([{ state: 'restarting', restarts: 0 }]);
  expect(await pool.sendBody(upload, 'and after')).toBe(true);
  Atomics.store(late, 1, 1);
  Atomics.notify(late, 1);
  expect(await pool.finishBody(upload)).toBe(true);
  const response = await pool.await(upload);
  expect(response.text()).toBe('sent before, and after');
  expect(response.metrics.attempts).toBe(2);
  expect((await pool.await(other)).body.length).toBe(10);
  expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: 0 }]);
  expect(gaugesOf(pool)).toEqual(IDLE);
  await pool.close();
  expect(clock.pending).toBe(0);
});

test.each(['affinity', 'least-busy', 'random'] as const)(
  'W1 with %s nobody waits for a thread that is loading where another has room',
  async (select) => {
    const pool = latePool({ workers: 2, select });
    const waiting = [1, 2].map(() => pool.await(pool.get(`${server.origin}/bytes/1`)));
    const { worker } = (await Promise.race(waiting)).metrics;
    const more = [1, 2, 3, 4].map(() => pool.await(pool.get(`${server.origin}/bytes/1`)));
    const ends = await Promise.all(more);
    expect(ends.map(({ metrics }) => metrics.worker)).toEqual(more.map(() => worker));
    Atomics.store(late, 1, 1);
    Atomics.notify(late, 1);
    const workers = (await Promise.all(waiting)).map(({ metrics }) => metrics.worker);
    expect(workers.toSorted()).toEqual([1, 2]);
    await pool.close();
  },
);

test('P2 a pool that ends while a thread does not come up leaves nothing', async () => {
  const pool = latePool({ workers: 1 });
  const response = pool.await(pool.get(server.origin));
  response.catch(() => {});
  await settled();
  await pass(WEDGE_MS);
  await destroyed(pool);
  await expect(response).rejects.toMatchObject({ code: 'ERR_POOL_DESTROYED', sent: false });
  expect(clock.pending).toBe(0);
});

/** What a process says whose first thread does not come up before it is released. */
async function lateProcess(text: string): Promise<string> {
  const modules = ['src/pool/request-pool.ts', 'test/fixtures/late-thread.ts'];
  const [pool, thread] = modules.map((path) => new URL(`../../../${path}`, import.meta.url));
  const start = `
    import { setEnvironmentData } from 'node:worker_threads';
    import { RequestPool } from '${pool}';
    const late = new Int32Array(new SharedArrayBuffer(8));
    setEnvironmentData('late', late.buffer);
    const seams = { threadModule: new URL('${thread}') };
    const pool = new RequestPool({ isolation: 'thread', workers: 1, wedgeTimeout: ${WEDGE_MS} }, seams);
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', start + text]);
  return stdout;
}

test('P2 a process does not live for a thread that does not come up and is not waited for', async () => {
  const livedMs = await lateProcess(`
    const fromMs = performance.now();
    process.on('exit', () => console.log(performance.now() - fromMs));
  `);
  expect(Number(livedMs)).toBeLessThan(START_MS);
});

test('P2 a process lives for who waits until a thread has come up', async () => {
  const said = await lateProcess(`
    setTimeout(() => {
      Atomics.store(late, 1, 1);
      Atomics.notify(late, 1);
    }, ${2 * WEDGE_MS}).unref();
    const off = Number.POSITIVE_INFINITY;
    const limits = { timeout: off, connectTimeout: off, headersTimeout: off, idleTimeout: off };
    const handle = pool.post('${server.origin}/echo', { body: 'heard', ...limits });
    const response = await pool.await(handle);
    console.log(response.text(), response.metrics.attempts);
  `);
  expect(said).toBe('heard 2\n');
});

test('W5 a thread in which others post as well is none the worse', async () => {
  const threadModule = new URL('../../fixtures/talking-thread.ts', import.meta.url);
  await using pool = new RequestPool({ isolation: 'thread', workers: 1 }, { threadModule });
  const response = await pool.await(pool.post(`${server.origin}/echo`, { body: 'heard' }));
  expect(response.text()).toBe('heard');
  expect(pool.stats().workers).toMatchObject([{ restarts: 0 }]);
});

test('W5 threads start in a process that runs a text and not a file', async () => {
  const index = new URL('../../../src/index.ts', import.meta.url);
  const text = `
    import { createPool } from '${index}';
    const pool = createPool({ isolation: 'thread', workers: 1 });
    const response = await pool.await(pool.post('${server.origin}/echo', { body: 'heard' }));
    console.log(response.text());
    await pool.close();
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text]);
  expect(stdout).toBe('heard\n');
});
