/**
 * The limits of a pool under any mix of ends: what each worker and each origin runs is counted at
 * the transport, at every dispatch, and compared with what the pool says of itself at every step.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AsyncHandle } from '../../src/index.ts';
import { RequestPool } from '../../src/pool/request-pool.ts';
import { gaugesOf, IDLE } from '../helpers/ends.ts';
import { settled } from '../helpers/leaks.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { PlayedTransport, UNCONNECTED } from '../helpers/played-transport.ts';

const ORIGINS = ['http://a.test', 'http://b.test', 'http://c.test'];
const LIMITS = { maxInFlight: 2, maxPerOrigin: 3, queueLimit: 8 };

const which = fc.nat(1000);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('request' as const),
      origin: fc.constantFrom(...ORIGINS),
      path: fc.constantFrom('/', UNCONNECTED),
      tenant: fc.constantFrom('', 'x', 'y'),
      priority: fc.nat(2),
      timeout: fc.constantFrom(50, 1e6),
      queueTimeout: fc.constantFrom(100, 1e6),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('done' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('fail' as const, 'cancel' as const, 'die' as const),
      which,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { type: 'kill' as const, id: 1 },
      { type: 'kill' as const, id: 2 },
      { type: 'wait' as const, ms: 60 },
      { type: 'wait' as const, ms: 3_000 },
      { type: 'pause' as const },
      { type: 'resume' as const },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('limit' as const),
      limits: fc.constantFrom<Partial<typeof LIMITS>>(
        { maxInFlight: 1, maxPerOrigin: 1 },
        { maxInFlight: 4, maxPerOrigin: 2 },
        { maxInFlight: 3, maxPerOrigin: Number.POSITIVE_INFINITY },
        { queueLimit: 0 },
        { queueLimit: 20 },
      ),
    }),
  },
);

/** What may run now: what runs above a limit that was lowered goes on until it ends. */
class Bounds {
  limits = LIMITS;
  #ofWorker = LIMITS.maxInFlight;
  #ofOrigin = LIMITS.maxPerOrigin;

  change(limits: Partial<typeof LIMITS>): void {
    this.limits = { ...this.limits, ...limits };
    this.#ofWorker = Math.max(this.#ofWorker, this.limits.maxInFlight);
    this.#ofOrigin = Math.max(this.#ofOrigin, this.limits.maxPerOrigin);
  }

  hold(onWorker: number, atOrigin: number): void {
    expect(onWorker).toBeLessThanOrEqual(this.#ofWorker);
    expect(atOrigin).toBeLessThanOrEqual(this.#ofOrigin);
  }

  /** What is above a limit now may not grow again. */
  settle(onWorker: number, atOrigin: number): void {
    this.#ofWorker = Math.max(this.limits.maxInFlight, onWorker);
    this.#ofOrigin = Math.max(this.limits.maxPerOrigin, atOrigin);
  }
}

test('H6 holds maxInFlight and maxPerOrigin at every instant, and loses no slot, whatever ends how', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), async (steps) => {
      const clock = new ManualClock(1_000);
      const bounds = new Bounds();
      const transport = new PlayedTransport((worker, origin) => {
        bounds.hold(transport.runningOn(worker), transport.runningAt(origin));
      });
      const options = { workers: 2, maxRestarts: 1_000, ...LIMITS, dispatcher: transport.create };
      const pool = new RequestPool(options, { clock, random: () => 0.5 });
      const exchanges: { readonly handle: AsyncHandle; readonly caller: AbortController }[] = [];
      let paused = false;

      const check = () => {
        const { workers, queued, inFlight } = pool.stats();
        const counts = workers.map((worker) => worker.inFlight);
        expect(inFlight).toBe(counts.reduce((sum, count) => sum + count, 0));
        for (const { id, inFlight: count, state } of workers) {
          expect(transport.runningOn(id)).toBe(state === 'up' ? count : 0);
        }
        const atOrigins = ORIGINS.map((origin) => transport.runningAt(origin));
        bounds.hold(Math.max(...counts), Math.max(...atOrigins));
        bounds.settle(Math.max(...counts), Math.max(...atOrigins));
        const { maxInFlight, maxPerOrigin } = bounds.limits;
        const hasRoom = workers.some((one) => one.state === 'up' && one.inFlight < maxInFlight);
        if (queued === 0 || paused || !hasRoom) return;
        const isFull = atOrigins.some((count) => count >= maxPerOrigin);
        expect(isFull, 'who waits while a worker has room waits for a full origin').toBe(true);
      };

      for (const one of steps) {
        switch (one.type) {
          case 'request': {
            const { origin, path, tenant, priority, timeout, queueTimeout } = one;
            const caller = new AbortController();
            const where = `${path}${exchanges.length}`;
            const wish = { tenant, priority, timeout, queueTimeout, caller: caller.signal };
            const replyTo = () => transport.drop(where);
            const handle = pool.get(`${origin}${where}`, { ...wish, replyTo });
            exchanges.push({ handle, caller });
            break;
          }
          case 'done':
            transport.answer(one.which);
            break;
          case 'fail':
            transport.fail(one.which);
            break;
          case 'cancel': {
            const exchange = exchanges[one.which % exchanges.length];
            if (exchange !== undefined) pool.cancel(exchange.handle);
            break;
          }
          case 'die':
            exchanges[one.which % exchanges.length]?.caller.abort();
            break;
          case 'kill':
            pool.killWorker(one.id);
            break;
          case 'wait':
            clock.advance(one.ms);
            break;
          case 'pause':
            paused = true;
            pool.pause();
            break;
          case 'resume':
            paused = false;
            pool.resume();
            break;
          case 'limit':
            bounds.change(one.limits);
            pool.setLimits(one.limits);
            break;
          default:
            one satisfies never;
        }
        // The transport of a dead worker is destroyed a turn later, a new one is used a turn later.
        await settled(one.type === 'kill' ? 3 : 2);
        check();
      }

      // No slot is lost: after all ends the pool runs as many as it ever could.
      for (const { handle } of exchanges) pool.cancel(handle);
      expect(gaugesOf(pool)).toEqual(IDLE);
      pool.resume();
      clock.advance(60_000);
      const whole = 2 * bounds.limits.maxInFlight;
      bounds.change({ maxPerOrigin: whole });
      pool.setLimits({ maxPerOrigin: whole });
      const last = Array.from({ length: whole }, () => pool.get('http://a.test/'));
      expect(pool.stats()).toMatchObject({ inFlight: whole, queued: 0 });
      for (const handle of last) pool.cancel(handle);
      await pool.destroy();
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 100 },
  );
});
