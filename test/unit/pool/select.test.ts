/** The strategies: which of the workers with room takes an exchange. */

import { describe, expect, test } from 'vitest';
import {
  affinity,
  leastBusy,
  type Strategy,
  strategyOf,
  twoChoices,
} from '../../../src/pool/select.ts';
import { WorkerSlot } from '../../../src/pool/worker-slot.ts';

const A = 'http://a.test';
const B = 'http://b.test';

/** A worker with so many exchanges to B running, and to A a connection that is idle or busy. */
function slot(
  id: number,
  running: number,
  standing: 'idle' | 'busy' | 'none' = 'none',
): WorkerSlot {
  const made = new WorkerSlot(id);
  for (let i = 0; i < running; i += 1) made.take(B);
  if (standing !== 'none') made.connections.opened(A);
  if (standing === 'busy') made.connections.started(A);
  return made;
}

const idOf = (strategy: Strategy, ...slots: readonly WorkerSlot[]): number | undefined =>
  strategy.select(slots, A)?.id;

/** Chance that is known: these values in turn. */
function scripted(...values: readonly number[]): () => number {
  let next = 0;
  return () => values[next++ % values.length] ?? 0;
}

test.each(['affinity', 'least-busy', 'random'] as const)(
  '%s selects nobody of nobody, and the only one of one',
  (name) => {
    const strategy = strategyOf(name, () => 0.99);
    expect(strategy.select([], A)).toBeUndefined();
    expect(idOf(strategy, slot(7, 3))).toBe(7);
  },
);

describe('least-busy', () => {
  test('selects the worker with the fewest exchanges', () => {
    expect(idOf(leastBusy, slot(1, 3), slot(2, 1), slot(3, 2))).toBe(2);
  });

  test('selects the first of equals, whatever they have open', () => {
    expect(idOf(leastBusy, slot(1, 2), slot(2, 1), slot(3, 1, 'idle'))).toBe(2);
  });
});

describe('affinity', () => {
  test('selects a busier worker that has an idle connection', () => {
    expect(idOf(affinity, slot(1, 0), slot(2, 90, 'idle'), slot(3, 0, 'busy'))).toBe(2);
  });

  test('selects the least busy of those that have one', () => {
    expect(idOf(affinity, slot(1, 5, 'idle'), slot(2, 3, 'idle'), slot(3, 0))).toBe(2);
  });

  test('selects the least busy where nobody has one', () => {
    expect(idOf(affinity, slot(1, 2, 'busy'), slot(2, 1), slot(3, 3))).toBe(2);
  });
});

describe('random', () => {
  const slots = [slot(1, 3), slot(2, 1), slot(3, 2)];
  const chosen = (...chance: readonly number[]): number | undefined =>
    idOf(twoChoices(scripted(...chance)), ...slots);

  test('selects the less busy of the two it has drawn', () => {
    expect(chosen(0, 0)).toBe(2);
    expect(chosen(0, 0.99)).toBe(3);
    expect(chosen(0.5, 0)).toBe(2);
  });

  test('never draws the same worker twice', () => {
    for (const first of [0, 0.34, 0.67]) {
      for (const second of [0, 0.5, 0.99]) expect(chosen(first, second)).not.toBe(1);
    }
  });
});
