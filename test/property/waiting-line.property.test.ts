/** The waiting line against a naive one, and what it promises whatever is blocked. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Place, WaitingLine } from '../../src/pool/waiting-line.ts';
import { NaiveLine } from './naive-line.ts';

const WEIGHTS: ReadonlyMap<string, number> = new Map([
  ['a', 1],
  ['b', 3],
  ['c', 0.7],
]);
const TENANTS = ['a', 'b', 'c', ''];
const ORIGINS = ['http://x', 'http://y', 'http://z'];
const weightOf = (tenant: string): number => WEIGHTS.get(tenant) ?? 1;

/** Without the size the lists would be of ten. */
const LONG = { maxLength: 200, size: 'max' } as const;

const coming = fc.record({
  type: fc.constant('come' as const),
  tenant: fc.constantFrom(...TENANTS),
  origin: fc.constantFrom(...ORIGINS),
  priority: fc.constantFrom(-1, 0, 0, 0, 0.5, 2, 1e9),
  laterMs: fc.constantFrom(0, 0, 1, 499, 1000, 5000),
});
const going = fc.constant({ type: 'go' as const });
const leaving = fc.record({ type: fc.constant('leave' as const), which: fc.nat(50) });
const blocking = fc.record({
  type: fc.constantFrom('block' as const, 'unblock' as const),
  origin: fc.constantFrom(...ORIGINS),
});
const blockingTenant = fc.record({
  type: fc.constantFrom('block_tenant' as const, 'unblock_tenant' as const),
  tenant: fc.constantFrom(...TENANTS),
});

test('H9 moves in the order of a list that is sorted each time', () => {
  const steps = fc.array(fc.oneof(coming, coming, going, going, leaving), LONG);
  fc.assert(
    fc.property(steps, (list) => {
      const line = new WaitingLine<number>(weightOf);
      const naive = new NaiveLine(WEIGHTS);
      const places = new Map<number, Place<number>>();
      let nowMs = 0;
      for (const [id, step] of list.entries()) {
        if (step.type === 'come') {
          nowMs += step.laterMs;
          places.set(id, line.enqueue(id, { ...step, nowMs }));
          naive.enqueue(id, { ...step, nowMs });
        } else if (step.type === 'go') {
          const next = line.dequeue();
          expect(next).toBe(naive.dequeue());
          if (next !== undefined) places.delete(next);
        } else {
          const [id, place] = [...places][step.which % places.size] ?? [];
          if (id === undefined || place === undefined) continue;
          expect(line.remove(place)).toBe(true);
          expect(line.remove(place)).toBe(false);
          naive.remove(id);
          places.delete(id);
        }
        expect(line.size).toBe(naive.size);
        expect(line.isReady).toBe(naive.size > 0);
      }
    }),
    { numRuns: 500 },
  );
});

/** What waits, as a test sees it. */
interface Seen {
  readonly place: Place<number>;
  readonly tenant: string;
  readonly origin: string;
  readonly key: number;
}

test('H9 loses and doubles nobody, moves nobody who is blocked, and somebody who is not', () => {
  const anything = [
    coming,
    coming,
    coming,
    going,
    going,
    leaving,
    blocking,
    blockingTenant,
  ] as const;
  const steps = fc.array(fc.oneof(...anything), LONG);
  fc.assert(
    fc.property(steps, (list) => {
      const line = new WaitingLine<number>(weightOf);
      const waiting = new Map<number, Seen>();
      const blocked = new Set<string>();
      const isFree = ({ tenant, origin }: Seen) =>
        !blocked.has(`t${tenant}`) && !blocked.has(origin);
      // A block holds only while somebody is there for it: the gate says it again to whoever comes.
      const holdBlocks = () => {
        for (const name of ORIGINS) if (blocked.has(name)) line.block(name);
        for (const name of TENANTS) if (blocked.has(`t${name}`)) line.blockTenant(name);
      };
      let nowMs = 0;
      for (const [id, step] of list.entries()) {
        switch (step.type) {
          case 'come': {
            nowMs += step.laterMs;
            const { tenant, origin, priority } = step;
            const place = line.enqueue(id, { tenant, origin, priority, nowMs });
            waiting.set(id, { place, tenant, origin, key: priority * 1000 - nowMs });
            holdBlocks();
            break;
          }
          case 'go': {
            const next = line.dequeue();
            const free = [...waiting].filter(([, seen]) => isFree(seen));
            if (free.length === 0) {
              expect(next).toBeUndefined();
              break;
            }
            const moved = waiting.get(next ?? -1);
            if (moved === undefined) throw new Error('moved nobody, or somebody twice');
            expect(isFree(moved)).toBe(true);
            for (const [other, { tenant, origin, key }] of free) {
              if (tenant !== moved.tenant || origin !== moved.origin) continue;
              const isBehind = key < moved.key || (key === moved.key && other >= (next ?? -1));
              expect(isBehind, 'first of its lane').toBe(true);
            }
            waiting.delete(next ?? -1);
            break;
          }
          case 'leave': {
            const [left, seen] = [...waiting][step.which % waiting.size] ?? [];
            if (left === undefined || seen === undefined) break;
            expect(line.remove(seen.place)).toBe(true);
            waiting.delete(left);
            break;
          }
          case 'block':
            blocked.add(step.origin);
            line.block(step.origin);
            break;
          case 'unblock':
            blocked.delete(step.origin);
            line.unblock(step.origin);
            break;
          case 'block_tenant':
            blocked.add(`t${step.tenant}`);
            line.blockTenant(step.tenant);
            break;
          case 'unblock_tenant':
            blocked.delete(`t${step.tenant}`);
            line.unblockTenant(step.tenant);
            break;
          default:
            step satisfies never;
        }
        expect(line.size).toBe(waiting.size);
        expect(line.isReady).toBe([...waiting.values()].some(isFree));
      }
      for (const name of ORIGINS) line.unblock(name);
      for (const name of TENANTS) line.unblockTenant(name);
      const rest = new Set<number>();
      for (let next = line.dequeue(); next !== undefined; next = line.dequeue()) rest.add(next);
      expect(rest).toEqual(new Set(waiting.keys()));
      expect(line.size).toBe(0);
    }),
    { numRuns: 500 },
  );
});

const weights = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), {
  minLength: 2,
  maxLength: 6,
});

test('H9 keeps tenants that wait all the while within a turn each of their weights, over any stretch', () => {
  fc.assert(
    fc.property(weights, fc.array(fc.nat(100), LONG), (list, comings) => {
      const line = new WaitingLine<number>((tenant) => list[Number(tenant)] ?? 1);
      const come = (tenant: number) =>
        line.enqueue(tenant, {
          tenant: String(tenant),
          origin: String(tenant % 2),
          priority: 0,
          nowMs: 0,
        });
      for (const tenant of list.keys()) for (let n = 0; n < 201; n += 1) come(tenant);
      const shares = comings.map((other) => {
        // Others come and go in between: they change nothing.
        come(list.length + (other % 5));
        return line.dequeue() ?? -1;
      });
      for (const [i, one] of list.entries()) {
        for (const [j, other] of list.entries()) {
          let [ahead, most, least] = [0, 0, 0];
          for (const moved of shares) {
            if (moved === i) ahead += 1 / one;
            if (moved === j) ahead -= 1 / other;
            most = Math.max(most, ahead);
            least = Math.min(least, ahead);
          }
          if (i !== j) expect(most - least).toBeLessThanOrEqual(1 / one + 1 / other + 1e-9);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('H9 keeps to the weights at an origin that is full again and again, whoever runs elsewhere', () => {
  fc.assert(
    fc.property(weights, fc.array(fc.nat(3), LONG), (list, pauses) => {
      const line = new WaitingLine<number>((tenant) => list[Number(tenant)] ?? 1);
      const come = (tenant: number, origin: string) =>
        line.enqueue(tenant, { tenant: String(tenant), origin, priority: 0, nowMs: 0 });
      for (let n = 0; n < 200; n += 1) for (const tenant of list.keys()) come(tenant, 'slow');
      line.block('slow');
      const moved: number[] = [];
      for (const pause of pauses) {
        // Between two rooms at the slow origin, others take turns elsewhere, one of them too.
        for (let n = 0; n < pause; n += 1) come(n === 0 ? 0 : 99, 'fast');
        for (let next = line.dequeue(); next !== undefined; ) next = line.dequeue();
        line.unblock('slow');
        moved.push(line.dequeue() ?? -1);
        line.block('slow');
      }
      const taken = (tenant: number) => moved.filter((one) => one === tenant).length;
      for (const [i, one] of list.entries()) {
        for (const [j, other] of list.entries()) {
          if (i === j) continue;
          const ahead = taken(i) / one - taken(j) / other;
          expect(Math.abs(ahead)).toBeLessThanOrEqual(1 / one + 1 / other + 1e-9);
        }
      }
    }),
    { numRuns: 100 },
  );
});
