/** How often dead chunks are to be collected, by what the heap is and whether V8 marks it. */

import { describe, expect, test } from 'vitest';
import { CollectionPeriod, type HeapSizes } from '../../../src/actors/collection-period.ts';

const MIB = 1024 * 1024;

/** The periods, in MiB, of one look after the other; an `m` saw a marking. */
function periods(looks: string, nursery: number, heap = 20): readonly number[] {
  const period = new CollectionPeriod();
  const sizes: HeapSizes = { nursery: nursery * MIB, heap: heap * MIB };
  return [...looks].map((look) => period.next(sizes, look === 'm') / MIB);
}

describe('the first period', () => {
  test.each([
    [1, 6],
    [32, 6],
    [64, 12],
    [128, 20],
    [170, 20],
    [256, Number.POSITIVE_INFINITY],
  ])('with a nursery of %i MiB is %d MiB', (nursery, period) => {
    expect(periods('-', nursery)).toEqual([period]);
  });
});

describe('when V8 marks', () => {
  test('three looks in a row, the period is tight, and then there is none', () => {
    expect(periods('-mmmmmm', 64)).toEqual([12, 12, 12, 6, 6, 6, Number.POSITIVE_INFINITY]);
  });

  test('now and then, the period stays', () => {
    expect(periods('-mm-mm-mm-', 64)).toEqual(new Array(10).fill(12));
  });

  test('all the same, a large nursery of a small heap is left alone at once', () => {
    expect(periods('-mmm', 128, 47).at(-1)).toBe(Number.POSITIVE_INFINITY);
    expect(periods('-mmm', 128, 49).at(-1)).toBe(6);
  });
});

describe('what was given up', () => {
  test('is tried again after 64 looks', () => {
    const all = periods(`-mmm${'-'.repeat(64)}`, 64);
    expect(all.slice(3, -1)).toEqual(new Array(64).fill(6));
    expect(all.at(-1)).toBe(12);
  });

  test('is for nurseries of that size, or a page more', () => {
    const period = new CollectionPeriod();
    for (const look of '-mmm') period.next({ nursery: 64 * MIB, heap: 0 }, look === 'm');
    expect(period.next({ nursery: 66 * MIB, heap: 0 }, false)).toBe(6 * MIB);
    expect(period.next({ nursery: 128 * MIB, heap: 0 }, false)).toBe(20 * MIB);
    expect(period.next({ nursery: 64 * MIB, heap: 0 }, false)).toBe(6 * MIB);
  });
});
