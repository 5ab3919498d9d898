/** Rates of the pool, of tenants and of origins at the same time, whatever comes, ends and returns. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AdmissionStage, type Applied } from '../helpers/admission-stage.ts';

const POOL = { limit: 7, interval: 400 };
const TENANT = { limit: 3, interval: 300 };
const ORIGIN = { limit: 4, interval: 250 };
const LIMITS = {
  maxInFlight: 6,
  maxPerOrigin: 5,
  rate: POOL,
  originRate: ORIGIN,
  tenants: new Map([['limited', { weight: 2, rate: TENANT }]]),
};
/** Resolution of the timing wheel. */
const TICK_MS = 8;

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('apply' as const),
      tenant: fc.constantFrom('limited', 'free'),
      origin: fc.constantFrom('http://a', 'http://b'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('end' as const, 'return' as const, 'leave' as const),
      which: fc.nat(100),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(180) }) },
);

/** Whether no window of the interval has more starts than the limit. */
function isKept(startsMs: readonly number[], { limit, interval }: typeof POOL): boolean {
  return startsMs.every((atMs, n) => {
    const before = startsMs[n - limit];
    return before === undefined || atMs - before >= interval;
  });
}

test('H9 keeps all rates in every window, and lets in whoever they allow', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const stage = new AdmissionStage(LIMITS, 2);
      const all: Applied[] = [];
      const started: { readonly item: Applied; readonly atMs: number }[] = [];
      stage.onStart = (item) => started.push({ item, atMs: stage.clock.now() });
      const startsOf = (isOne: (item: Applied) => boolean) =>
        started.filter(({ item }) => isOne(item)).map(({ atMs }) => atMs);
      for (const one of steps) {
        if (one.type === 'apply') {
          const item = stage.apply(String(all.length), one);
          if (item !== undefined) all.push(item);
        } else if (one.type === 'wait') {
          stage.clock.advance(one.ms);
        } else {
          const of = one.type === 'leave' ? all.filter(({ waiter }) => waiter) : [...stage.running];
          const item = of[one.which % of.length];
          if (item === undefined) continue;
          if (one.type === 'return') stage.comeBack(item);
          else stage.end(item);
        }
      }
      // All that is left runs in the end, as fast as the rates allow.
      for (let rounds = 0; stage.admission.queued > 0; rounds += 1) {
        expect(rounds).toBeLessThan(2_000);
        for (const item of [...stage.running]) stage.end(item);
        stage.clock.advance(TICK_MS);
      }
      expect(stage.clock.pending).toBe(0);
      expect(
        isKept(
          startsOf(() => true),
          POOL,
        ),
      ).toBe(true);
      expect(
        isKept(
          startsOf(({ request }) => request.tenant === 'limited'),
          TENANT,
        ),
      ).toBe(true);
      for (const origin of ['http://a', 'http://b']) {
        expect(
          isKept(
            startsOf(({ request }) => request.origin === origin),
            ORIGIN,
          ),
        ).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
