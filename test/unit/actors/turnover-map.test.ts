/** The map for what comes and goes, against a `Map`, and what it leaves to the garbage collector. */

import { getHeapSpaceStatistics } from 'node:v8';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TurnoverMap } from '../../../src/actors/turnover-map.ts';

test('holds what a Map would hold, in the same order, however much came and went', () => {
  const steps = fc.array(
    fc.record({
      verb: fc.constantFrom('set', 'set', 'delete', 'turnover', 'clear'),
      key: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 50 },
  );
  fc.assert(
    fc.property(steps, (script) => {
      const own = new TurnoverMap<number, number>();
      const map = new Map<number, number>();
      for (const [index, { verb, key }] of script.entries()) {
        if (verb === 'set') {
          own.set(key, index);
          map.set(key, index);
        } else if (verb === 'delete') {
          expect(own.delete(key)).toBe(map.delete(key));
        } else if (verb === 'clear') {
          own.clear();
          map.clear();
        } else {
          turnOver(own, 1000);
        }
        expect(own.size).toBe(map.size);
        expect(own.keys()).toEqual([...map.keys()]);
        expect(own.values()).toEqual([...map.values()]);
        expect([own.get(key), own.has(key)]).toEqual([map.get(key), map.has(key)]);
      }
    }),
  );
});

test('what came and went does not outlive minor collections, as it does in a Map', () => {
  const [own, builtIn] = [keptBytes(new TurnoverMap()), keptBytes(new Map())];
  expect(own).toBeLessThan(builtIn / 3);
});

/** Entries that come and go at once. */
function turnOver(map: TurnoverMap<number, number>, count: number): void {
  for (let key = -1; key >= -count; key -= 1) {
    map.set(key, key);
    map.delete(key);
  }
}

/** What is left on the heap of some 20 MB that were in `map` for a while, some at a time. */
function keptBytes(map: {
  set(key: number, value: unknown): unknown;
  delete(key: number): boolean;
}): number {
  const [held, count] = [64, 20_000];
  for (let key = 0; key < held; key += 1) map.set(key, ballast());
  globalThis.gc?.();
  const before = heapBytes();
  for (let key = held; key < count; key += 1) {
    map.set(key, ballast());
    map.delete(key - held);
    if (key % 1000 === 0) globalThis.gc?.({ type: 'minor' });
  }
  globalThis.gc?.({ type: 'minor' });
  globalThis.gc?.({ type: 'minor' });
  return heapBytes() - before;
}

function ballast(): unknown {
  return new Array(128).fill(0);
}

function heapBytes(): number {
  return getHeapSpaceStatistics().reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
