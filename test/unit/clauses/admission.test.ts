/** Clauses H6, H7 and H9 as a user of the pool sees them. */

import { describe, expect, test } from 'vitest';
import type { AsyncHandle, PoolOptions, RequestOptions } from '../../../src/index.ts';
import { createPool, RequestError } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { codeOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { PlayedTransport, UNCONNECTED } from '../../helpers/played-transport.ts';

const URL_A = 'http://a.test/';
const URL_B = 'http://b.test/';

/** A pool over a transport that the test plays, and the order in which it was reached. */
class Scene implements AsyncDisposable {
  readonly clock = new ManualClock(1_000);
  /** What has reached the transport, in order. */
  readonly reached: string[] = [];
  readonly transport = new PlayedTransport((_worker, _origin, path) => this.reached.push(path));
  readonly pool: RequestPool;

  constructor(options: PoolOptions = {}) {
    this.pool = new RequestPool(
      { workers: 1, maxInFlight: 1, ...options, dispatcher: this.transport.create },
      { clock: this.clock, random: () => 0.5 },
    );
  }

  get(path: string, options: RequestOptions = {}, base = URL_A): AsyncHandle {
    return this.pool.get(new URL(path, base), { timeout: Number.POSITIVE_INFINITY, ...options });
  }

  /** Answers the one that has run longest, `times` times. */
  async answer(times = 1): Promise<void> {
    await settled(1);
    for (let n = 0; n < times; n += 1) {
      this.transport.answer(0);
      await settled(1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.destroy();
    expect(this.clock.pending).toBe(0);
    expect(gaugesOf(this.pool)).toEqual(IDLE);
  }
}

describe('a full pool', () => {
  test('H6 ends what it has no room for in ERR_OVERLOAD in the same tick, and counts it', async () => {
    await using scene = new Scene({ queueLimit: 1 });
    const { pool } = scene;
    const ended: string[] = [];
    const replyTo = (message: { readonly type: string }) => ended.push(message.type);
    scene.get('/runs');
    scene.get('/waits');
    scene.get('/refused', { replyTo });
    expect(ended).toEqual(['error']);
    expect(pool.stats()).toMatchObject({ queued: 1, inFlight: 1 });
    expect(pool.stats().totals.error).toEqual({ ERR_OVERLOAD: 1 });
  });

  test('H6 counts those that were not admitted within queueTimeout', async () => {
    await using scene = new Scene();
    scene.get('/runs');
    const waits = [scene.get('/1', { queueTimeout: 100 }), scene.get('/2', { queueTimeout: 200 })];
    scene.clock.advance(108);
    expect(scene.pool.stats().totals.error).toEqual({ ERR_ADMISSION_TIMEOUT: 1 });
    scene.clock.advance(100);
    expect(scene.pool.stats().totals.error).toEqual({ ERR_ADMISSION_TIMEOUT: 2 });
    for (const handle of waits) {
      expect((await failureOf(scene.pool, handle)).error).toMatchObject({
        code: 'ERR_ADMISSION_TIMEOUT',
        phase: 'queue',
        sent: false,
      });
    }
  });

  test('H7 lets nobody wait any longer for a rate than queueTimeout, then starts timeout', async () => {
    await using scene = new Scene({ maxInFlight: 10, rate: { limit: 1, interval: 1_000 } });
    scene.get('/1');
    const late = scene.get('/2', { queueTimeout: 500 });
    const next = scene.get('/3', { queueTimeout: 5_000, timeout: 300, idleTimeout: 1e6 });
    scene.clock.advance(508);
    expect((await failureOf(scene.pool, late)).error.code).toBe('ERR_ADMISSION_TIMEOUT');
    scene.clock.advance(500);
    await settled(1);
    expect(scene.reached).toEqual(['/1', '/3']);
    scene.clock.advance(308);
    expect((await failureOf(scene.pool, next)).error.code).toBe('ERR_TIMEOUT');
  });
});

describe('the order of those who wait', () => {
  test('H9 goes by tenant, weight, priority and age', async () => {
    await using scene = new Scene({ tenants: { gold: 2, plain: { weight: 1 } }, priority: 1 });
    scene.get('/running');
    for (const n of [1, 2, 3, 4]) scene.get(`/gold${n}`, { tenant: 'gold' });
    scene.get('/plain-low', { tenant: 'plain', priority: 0 });
    scene.get('/plain-pool-wide', { tenant: 'plain' });
    scene.get('/unnamed');
    await scene.answer(7);
    expect(scene.reached).toEqual([
      '/running',
      '/gold1',
      '/plain-pool-wide',
      '/unnamed',
      '/gold2',
      '/gold3',
      '/plain-low',
      '/gold4',
    ]);
  });

  test('H9 takes the tenant of the pool where a request names none', async () => {
    await using scene = new Scene({ tenant: 'house', tenants: { house: 1000 } });
    scene.get('/running');
    scene.get('/guest', { tenant: 'guest' });
    for (const n of [1, 2, 3]) scene.get(`/house${n}`);
    await scene.answer(4);
    expect(scene.reached.slice(1)).toEqual(['/guest', '/house1', '/house2', '/house3']);
  });

  test('H9 lets a tenant with odd names take its turn like others', async () => {
    const tenants = JSON.parse('{"__proto__": 1, "constructor": 3}');
    await using scene = new Scene({ tenants });
    scene.get('/running');
    for (const n of [1, 2, 3]) {
      scene.get(`/p${n}`, { tenant: '__proto__' });
      scene.get(`/c${n}`, { tenant: 'constructor' });
    }
    await scene.answer(5);
    expect(scene.reached.slice(1, 6)).toEqual(['/p1', '/c1', '/c2', '/c3', '/p2']);
  });

  test('H9 serves the lowest priority within the bound that ageing gives', async () => {
    await using scene = new Scene();
    scene.get('/running');
    scene.get('/low', { priority: -3 });
    // One of priority 0 comes every half second and would be served before it for ever.
    for (let n = 0; n < 12; n += 1) {
      scene.get(`/${n}`);
      scene.get(`/${n}`);
      scene.clock.advance(500);
      await scene.answer();
    }
    const before = scene.reached.indexOf('/low');
    expect(before).toBe(-1);
    await scene.answer(12);
    // Only those that came within three seconds after it were served before it.
    expect(scene.reached.indexOf('/low')).toBe(1 + 2 * 6);
  });
});

describe('pause and resume', () => {
  test('H6 starts nothing new, lets go on what runs, and starts all that can at resume', async () => {
    await using scene = new Scene({ maxInFlight: 2 });
    const { pool } = scene;
    const first = scene.get('/1');
    await settled(1);
    pool.pause();
    scene.get('/2');
    scene.get('/3');
    await scene.answer();
    expect((await pool.await(first)).status).toBe(200);
    expect(scene.reached).toEqual(['/1']);
    expect(pool.stats()).toMatchObject({ queued: 2, inFlight: 0 });
    pool.resume();
    pool.resume();
    await settled(1);
    expect(scene.reached).toEqual(['/1', '/2', '/3']);
  });

  test('P1 a paused pool that is closed lets in what waits, and ends', async () => {
    await using scene = new Scene();
    const { pool } = scene;
    pool.pause();
    const handles = [scene.get('/1'), scene.get('/2')];
    const closed = pool.close();
    pool.pause();
    await settled(1);
    await scene.answer(2);
    await closed;
    for (const handle of handles) expect((await pool.await(handle)).status).toBe(200);
  });

  test('P1 a paused pool that is destroyed ends what waits at once', async () => {
    await using scene = new Scene();
    const { pool } = scene;
    pool.pause();
    const waits = scene.get('/1');
    await pool.destroy();
    pool.resume();
    expect((await failureOf(pool, waits)).error.code).toBe('ERR_POOL_DESTROYED');
    expect(scene.reached).toEqual([]);
  });

  test('W2 moves nobody on while the pool is paused', async () => {
    await using scene = new Scene({ workers: 2 });
    const { pool } = scene;
    // The one that is on a worker is not on the wire yet.
    const moved = scene.get('/1');
    pool.pause();
    pool.killWorker(1);
    await settled(1);
    expect(pool.stats()).toMatchObject({ queued: 1, inFlight: 0 });
    pool.resume();
    await settled(1);
    await scene.answer();
    expect((await pool.await(moved)).metrics).toMatchObject({ worker: 2, attempts: 2 });
  });
});

test('W2 moves those that lost their worker before anybody who waits has the room', async () => {
  const limits = { maxInFlight: 2, maxPerOrigin: 1, select: 'least-busy' } as const;
  await using scene = new Scene({ workers: 2, ...limits });
  scene.get('/sent');
  scene.get('/other', {}, 'http://c.test');
  const moves = scene.get(`${UNCONNECTED}moves`, {}, URL_B);
  await settled(1);
  scene.get('/waits');
  scene.pool.killWorker(1);
  await settled(1);
  expect(scene.reached.slice(3)).toEqual([`${UNCONNECTED}moves`]);
  expect(scene.pool.stats()).toMatchObject({ queued: 1, inFlight: 2 });
  await scene.answer();
  expect(scene.reached.slice(4)).toEqual(['/waits']);
  scene.pool.cancel(moves);
});

describe('setLimits', () => {
  test('H6 takes effect at once, and stops nobody', async () => {
    await using scene = new Scene();
    const { pool } = scene;
    for (let n = 0; n < 6; n += 1) scene.get(`/${n}`);
    pool.setLimits({ maxInFlight: 3 });
    expect(pool.stats()).toMatchObject({ queued: 3, inFlight: 3 });
    pool.setLimits({ maxInFlight: 1, queueLimit: 0 });
    expect(pool.stats()).toMatchObject({ queued: 3, inFlight: 3 });
    expect((await failureOf(pool, scene.get('/refused'))).error.code).toBe('ERR_OVERLOAD');
    await settled(1);
    await scene.answer(2);
    expect(pool.stats()).toMatchObject({ queued: 3, inFlight: 1 });
    await scene.answer();
    expect(pool.stats()).toMatchObject({ queued: 2, inFlight: 1 });
  });

  test('H9 sets rates, weights and maxPerOrigin while exchanges wait for the old ones', async () => {
    await using scene = new Scene({ maxInFlight: 4, maxPerOrigin: 1 });
    const { pool } = scene;
    for (let n = 0; n < 4; n += 1) scene.get(`/a${n}`);
    scene.get('/b', {}, URL_B);
    expect(pool.stats()).toMatchObject({ queued: 3, inFlight: 2 });
    pool.setLimits({ maxPerOrigin: 4, originRate: { limit: 2, interval: 1_000 } });
    expect(pool.stats(), 'the two that started before had no rate').toMatchObject({ inFlight: 4 });
    pool.setLimits({ originRate: { limit: Number.POSITIVE_INFINITY, interval: 1_000 } });
    await settled(1);
    await scene.answer();
    expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 4 });
  });

  test('H1 refuses bad limits all together, and changes nothing', async () => {
    await using scene = new Scene();
    const { pool } = scene;
    scene.get('/1');
    scene.get('/2');
    const limits = {
      maxInFlight: 0,
      queueLimit: -1,
      rate: { limit: 0, interval: 'x' },
      tenants: { a: 0, b: { weight: -1, rate: 1 } },
      workers: 4,
    };
    // Wrong on purpose.
    const act = () => pool.setLimits(limits as never);
    expect(act).toThrow(RequestError);
    expect(issuesOf(act)).toEqual([
      'maxInFlight',
      'queueLimit',
      'rate.interval',
      'rate.limit',
      'tenants.a',
      'tenants.b.rate',
      'tenants.b.weight',
      'workers',
    ]);
    expect(issuesOf(() => pool.setLimits(undefined as never))).toEqual(['limits']);
    expect(issuesOf(() => pool.setLimits({ maxPerOrigin: 2 }))).toEqual(['maxPerOrigin']);
    expect(pool.stats()).toMatchObject({ queued: 1, inFlight: 1 });
    pool.setLimits({ maxPerOrigin: 2, maxInFlight: 2 });
    expect(issuesOf(() => pool.setLimits({ maxInFlight: 1 }))).toEqual(['maxPerOrigin']);
    expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 2 });
  });

  test('P3 reports the limits of a new pool together with all else that is wrong', () => {
    const options = { maxInFlight: 2, maxPerOrigin: 0, rate: {}, timeout: 0, tenants: { a: '2' } };
    const act = () => createPool(options as never);
    expect(issuesOf(act)).toEqual([
      'maxPerOrigin',
      'rate.interval',
      'rate.limit',
      'tenants.a',
      'timeout',
    ]);
    expect(issuesOf(() => createPool({ maxInFlight: 2, maxPerOrigin: 5 }))).toEqual([
      'maxPerOrigin',
    ]);
  });
});

test('H9 a slow origin fills its own share and nobody else’s', async () => {
  await using scene = new Scene({ workers: 2, maxInFlight: 10, maxPerOrigin: 4 });
  for (let n = 0; n < 50; n += 1) scene.get(`/slow${n}`);
  const fast = Array.from({ length: 16 }, (_, n) => scene.get('/', {}, `http://fast${n}.test`));
  await settled(1);
  expect(scene.pool.stats()).toMatchObject({ queued: 46, inFlight: 20 });
  expect(scene.transport.runningAt('http://a.test')).toBe(4);
  for (const handle of fast) scene.pool.cancel(handle);
  expect(scene.pool.stats()).toMatchObject({ queued: 46, inFlight: 4 });
});

test('X1 ends what waits in line, blocked or not, and leaves nothing of it', async () => {
  const rate = { limit: 1, interval: 60_000 };
  await using scene = new Scene({ maxInFlight: 9, maxPerOrigin: 2, originRate: rate, rate });
  const handles = Array.from({ length: 50 }, (_, n) =>
    scene.get('/', { tenant: String(n % 5) }, n % 2 === 0 ? URL_A : URL_B),
  );
  for (const handle of handles) scene.pool.cancel(handle);
  expect(gaugesOf(scene.pool)).toEqual(IDLE);
  expect(await codeOf(scene.pool.await(handles[49] as AsyncHandle))).toBe('ERR_CANCELLED');
  expect(scene.clock.pending).toBe(0);
});

function issuesOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return (error.issues ?? []).map(({ option }) => option).sort();
  }
  throw new Error('nothing was refused');
}
