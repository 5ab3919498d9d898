/** Taking turns by weight, and being forgotten. */

import { expect, test } from 'vitest';
import { Turn, Turns } from '../../../src/pool/turns.ts';

function stage() {
  const forgotten: string[] = [];
  const turns = new Turns<string>((owner) => forgotten.push(owner));
  const turn = (owner: string, weight = 1) => new Turn(owner, weight);
  /** Lets whoever is next take a turn, `times` times. */
  const take = (times: number, ...all: readonly Turn<string>[]) => {
    const taken: string[] = [];
    for (let n = 0; n < times; n += 1) {
      const next = all.find(({ owner }) => owner === turns.next);
      if (next === undefined) break;
      turns.taken(next);
      taken.push(next.owner);
    }
    return taken.join('');
  };
  return { turns, turn, take, forgotten };
}

test('H9 goes round where all weigh the same', () => {
  const { turns, turn, take } = stage();
  const all = [turn('a'), turn('b'), turn('c')];
  for (const one of all) turns.enter(one);
  expect(take(9, ...all)).toBe('abcabcabc');
});

test('H9 gives turns in proportion to weights', () => {
  const { turns, turn, take } = stage();
  const all = [turn('a', 4), turn('b', 1)];
  for (const one of all) turns.enter(one);
  expect(take(10, ...all)).toBe('abaaaabaaa');
});

test('H9 gives one that was away no turns for that time, and takes none from it', () => {
  const { turns, turn, take } = stage();
  const [a, b] = [turn('a'), turn('b')];
  turns.enter(a);
  turns.enter(b);
  expect(take(2, a, b)).toBe('ab');
  turns.leave(b);
  expect(take(5, a)).toBe('aaaaa');
  turns.enter(b);
  expect(take(4, a, b)).toBe('baba');
});

test('H9 remembers one that has just left until the others have caught up', () => {
  const { turns, turn, take, forgotten } = stage();
  const [a, b] = [turn('a'), turn('b', 0.25)];
  turns.enter(a);
  turns.enter(b);
  expect(take(2, a, b)).toBe('ab');
  turns.rest(b);
  // Coming back at once does not bring the next turn forward.
  turns.enter(b);
  expect(take(3, a, b)).toBe('aaa');
  turns.rest(b);
  expect(forgotten).toEqual([]);
  take(3, a);
  expect(forgotten).toEqual(['b']);
});

test('H9 forgets none that has come back', () => {
  const { turns, turn, take, forgotten } = stage();
  const [a, b] = [turn('a'), turn('b')];
  for (const one of [a, b]) turns.enter(one);
  take(2, a, b);
  turns.rest(b);
  turns.rouse(b);
  take(10, a);
  expect(forgotten).toEqual([]);
});
