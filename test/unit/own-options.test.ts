import { expect, test } from 'vitest';
import { own, ownOptions, said } from '../../src/own-options.ts';

test('N11 own properties are told from inherited ones', () => {
  const given = Object.assign(Object.create({ inherited: 1 }), { mine: 2 });
  expect(own(given, 'mine')).toBe(2);
  expect(own(given, 'inherited')).toBeUndefined();
  expect(own(given, 'toString')).toBeUndefined();
  const bare = ownOptions(given);
  for (const name of ['inherited', 'toString', 'constructor', '__proto__']) {
    expect(name in bare).toBe(false);
  }
  expect(Object.keys(bare)).toEqual(['mine']);
});

test('N11 what a class says is told from what every object says', () => {
  class Told extends Error {}
  Object.defineProperty(Told.prototype, 'code', { value: 'TOLD', writable: true });
  expect(said(new Told(), 'code')).toBe('TOLD');
  expect(said(Object.assign(new Told(), { code: 'MINE' }), 'code')).toBe('MINE');
  expect(said(new Told(), 'hasOwnProperty')).toBeUndefined();
  expect(said(Object.create(null), 'code')).toBeUndefined();
});
