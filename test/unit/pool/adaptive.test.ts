/**
 * The controller of an origin's concurrency, against origins as queueing theory has them. Nothing
 * here is real time or chance: each run is the same.
 */

import { describe, expect, test } from 'vitest';
import { AdaptiveLimit } from '../../../src/pool/adaptive.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { QueueingOrigin } from '../../helpers/queueing-origin.ts';

const SERVICE_MS = 20;
const STEP_MS = SERVICE_MS / 4;

/** What was seen over some time: all limits, and how much of the origin's capacity was used. */
interface Seen {
  readonly limits: readonly number[];
  readonly used: number;
}

/** An origin of which always more is wanted than the limit allows. */
class Saturated {
  readonly clock = new ManualClock();
  readonly limit: AdaptiveLimit;
  readonly origin: QueueingOrigin;
  #running = 0;

  constructor(most: number, servers: number, serviceMs: () => number = () => SERVICE_MS) {
    this.limit = new AdaptiveLimit(most);
    this.origin = new QueueingOrigin(this.clock, servers, serviceMs);
    this.#fill();
  }

  run(ms: number): Seen {
    const before = this.origin.served;
    const limits: number[] = [];
    for (let t = 0; t < ms; t += STEP_MS) {
      this.clock.advance(STEP_MS);
      limits.push(this.limit.limit);
    }
    const capacity = (ms / SERVICE_MS) * this.origin.servers;
    return { limits, used: (this.origin.served - before) / capacity };
  }

  #fill(): void {
    while (this.#running < this.limit.limit) {
      this.#running += 1;
      const { window } = this.limit;
      this.limit.started(this.#running);
      const startedMs = this.clock.now();
      this.origin.request(() => {
        this.#running -= 1;
        const latencyMs = this.clock.now() - startedMs;
        this.limit.learn({ window, latencyMs, overloaded: false });
        this.#fill();
      });
    }
  }
}

/** Service times as random as arrivals at a telephone exchange, and the same in each run. */
function exponential(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return -SERVICE_MS * Math.log(1 - state / 2 ** 32);
  };
}

/** One window in forty measures at a quarter of the limit: the rest is the limit itself. */
const usual = (limits: readonly number[]): readonly number[] =>
  limits.toSorted((a, b) => a - b).slice(Math.ceil(limits.length / 10));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('an origin with a steady service time', () => {
  test('is followed when its capacity halves and recovers: between it and its double in 1 s', () => {
    const run = new Saturated(128, 16);
    for (const servers of [16, 8, 16]) {
      run.origin.servers = servers;
      run.run(1_000);
      const { limits, used } = run.run(4_000);
      expect(Math.min(...usual(limits))).toBeGreaterThanOrEqual(servers);
      expect(Math.max(...limits)).toBeLessThanOrEqual(2 * servers);
      expect(used).toBeGreaterThan(0.95);
    }
  });

  test('is followed when it becomes slower and faster, which is no queue', () => {
    let serviceMs = SERVICE_MS;
    const run = new Saturated(128, 16, () => serviceMs);
    for (const factor of [1, 4, 1]) {
      serviceMs = SERVICE_MS * factor;
      run.run(2_000 * factor);
      const { limits, used } = run.run(4_000 * factor);
      expect(Math.min(...usual(limits))).toBeGreaterThanOrEqual(16);
      expect(Math.max(...limits)).toBeLessThanOrEqual(32);
      expect(used * factor).toBeGreaterThan(0.95);
    }
  });

  test('is never asked for more than it may be', () => {
    const { limits } = new Saturated(10, 64).run(4_000);
    expect(Math.max(...limits)).toBe(10);
    expect(Math.min(...usual(limits.slice(100)))).toBe(10);
  });

  test('is asked for one at a time at least', () => {
    const run = new Saturated(1, 1);
    expect(new Set(run.run(4_000).limits)).toEqual(new Set([1]));
    expect(run.origin.load).toBe(1);
  });
});

describe.each([1, 2, 3, 4, 5])('an origin with random service times, seed %i', (seed) => {
  test('is followed when its capacity halves and recovers', () => {
    const run = new Saturated(128, 16, exponential(seed));
    for (const servers of [16, 8, 16]) {
      run.origin.servers = servers;
      run.run(1_000);
      const { limits, used } = run.run(8_000);
      expect(mean(limits)).toBeGreaterThan(0.9 * servers);
      expect(mean(limits)).toBeLessThan(2.2 * servers);
      expect(used).toBeGreaterThan(0.85);
    }
  });
});

/** Whole windows of exchanges that end so. */
function feed(limit: AdaptiveLimit, windows: number, sample: (index: number) => object): void {
  for (let done = 0; done < windows; done += 1) {
    const count = Math.max(10, limit.limit);
    const { window } = limit;
    limit.started(limit.limit);
    for (let index = 0; index < count; index += 1) {
      limit.learn({ window, latencyMs: 20, overloaded: false, ...sample(index) });
    }
  }
}

test('failures of overload halve the limit a window, down to one, and it grows again', () => {
  const limit = new AdaptiveLimit(32);
  feed(limit, 20, () => ({}));
  expect(limit.limit).toBe(32);
  feed(limit, 1, () => ({ overloaded: true }));
  expect(limit.limit).toBe(16);
  feed(limit, 10, () => ({ overloaded: true }));
  expect(limit.limit).toBe(1);
  feed(limit, 20, () => ({}));
  expect(limit.limit).toBe(32);
});

test('one failure among many costs little', () => {
  const limit = new AdaptiveLimit(32);
  feed(limit, 20, () => ({}));
  feed(limit, 1, (index) => ({ overloaded: index === 0 }));
  expect(limit.limit).toBe(31);
});

test('what ends without an answer for reasons of its own says nothing', () => {
  const limit = new AdaptiveLimit(128);
  feed(limit, 50, () => ({ latencyMs: undefined }));
  expect(limit.limit).toBe(4);
});

test('the limit of an origin that nobody waits for stays where it is', () => {
  const limit = new AdaptiveLimit(128);
  for (let i = 0; i < 1_000; i += 1) {
    limit.started(1);
    limit.learn({ window: limit.window, latencyMs: 20 + i, overloaded: false });
  }
  expect(limit.limit).toBeGreaterThanOrEqual(1);
  expect(limit.limit).toBeLessThanOrEqual(4);
});

test('another bound holds at once, and leaves what was found below it', () => {
  const limit = new AdaptiveLimit(32);
  feed(limit, 20, () => ({}));
  limit.bound(8);
  expect(limit.limit).toBe(8);
  limit.bound(64);
  expect(limit.limit).toBe(8);
  feed(limit, 3, () => ({}));
  expect(limit.limit).toBeGreaterThan(8);
});

test('what an earlier limit caused is not held against this one', () => {
  const limit = new AdaptiveLimit(32);
  const old = limit.window;
  feed(limit, 20, () => ({}));
  for (let i = 0; i < 1_000; i += 1) limit.learn({ window: old, latencyMs: 1, overloaded: true });
  expect(limit.limit).toBe(32);
});

test('the limit of an origin whose answers take no time that can be seen grows to its bound', () => {
  const limit = new AdaptiveLimit(50);
  for (let samples = 0; samples < 10_000; samples += 1) {
    limit.started(limit.limit);
    limit.learn({ window: limit.window, latencyMs: 0, overloaded: false });
  }
  expect(limit.limit).toBe(50);
});
