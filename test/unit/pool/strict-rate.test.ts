/** The strict rate: no window of the interval with more starts than the limit. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StrictRate } from '../../../src/pool/strict-rate.ts';

const LONG = { maxLength: 300, size: 'max' } as const;

test('H9 lets as many start as the limit in any interval, no more, and no fewer', () => {
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(5), fc.nat(120)), LONG);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), gaps, (limit, list) => {
      const rate = new StrictRate({ limit, interval: 100 });
      const starts: number[] = [];
      let nowMs = 0;
      for (const gap of list) {
        nowMs += gap;
        const within = starts.filter((startMs) => startMs > nowMs - 100).length;
        const opensAtMs = rate.opensAtMs(nowMs);
        expect(opensAtMs <= nowMs).toBe(within < limit);
        if (opensAtMs > nowMs) {
          expect(opensAtMs).toBe((starts.at(-limit) ?? 0) + 100);
          continue;
        }
        rate.count(nowMs);
        starts.push(nowMs);
      }
      expect(rate.isIdle(nowMs + 100)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('H9 counts what has started for another limit from now on', () => {
  const rate = new StrictRate({ limit: 10, interval: 100 });
  for (let n = 0; n < 10; n += 1) rate.count(n);
  rate.change({ limit: 4, interval: 50 });
  // The fourth from the end has to be out of the interval.
  expect(rate.opensAtMs(9)).toBe(6 + 50);
  rate.change({ limit: 11, interval: 100 });
  expect(rate.opensAtMs(9)).toBe(Number.NEGATIVE_INFINITY);
});

test('H9 forgets what is an interval ago, a million starts later too', () => {
  const rate = new StrictRate({ limit: 2_000, interval: 1_000 });
  let refused = 0;
  for (let n = 0; n < 1_000_000; n += 1) {
    if (rate.opensAtMs(n) > n) refused += 1;
    else rate.count(n);
  }
  expect(refused).toBe(0);
});
