/** The map for what comes and goes, against a `Map`, and what it leaves to the garbage collector. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TurnoverMap } from '../../../src/actors/turnover-map.ts';
import { runFixture } from '../../helpers/child.ts';

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

test('what came and went does not outlive minor collections, as it does in a Map', async () => {
  expect(await keptBytes('TurnoverMap')).toBeLessThan((await keptBytes('Map')) / 2);
});

/** Entries that come and go at once. */
function turnOver(map: TurnoverMap<number, number>, count: number): void {
  for (let key = -1; key >= -count; key -= 1) {
    map.set(key, key);
    map.delete(key);
  }
}

/** In a process of its own, whose heap nobody else uses. */
async function keptBytes(kind: 'Map' | 'TurnoverMap'): Promise<number> {
  const flags = ['--expose-gc', '--single-threaded-gc'];
  using fixture = runFixture('kept-bytes.ts', [kind], flags);
  const { code, lines, errors } = await fixture.end;
  expect(errors).toBe('');
  expect(code).toBe(0);
  return Number(lines[0]);
}
