import { expect, test } from 'vitest';
import { own, ownOptions } from '../../src/own-options.ts';

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
