import { describe, expect, test } from 'vitest';
import type { OptionIssue } from '../../../src/errors.ts';
import {
  abortSignal,
  boolean,
  type Check,
  checkAll,
  count,
  func,
  isOptionBag,
  oneOf,
  oneOrMore,
  positive,
  positiveFinite,
  show,
  wholeNumber,
  zeroOrMore,
} from '../../../src/pool/validate.ts';

const NO_NUMBERS = ['5', null, true, 5n, {}, [5], Symbol('5'), () => 5, Number.NaN];
const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number;

interface Range {
  readonly check: Check;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}

const RANGES: Readonly<Record<string, Range>> = {
  'a positive number or Infinity': {
    check: positive,
    good: [1, 0.5, 1e21, POSITIVE_INFINITY],
    bad: [0, -0, -1, NEGATIVE_INFINITY, ...NO_NUMBERS],
  },
  'a number of at least 1 or Infinity': {
    check: oneOrMore,
    good: [1, 1.5, POSITIVE_INFINITY],
    bad: [0, 0.5, -1, NEGATIVE_INFINITY, ...NO_NUMBERS],
  },
  'a positive finite number': {
    check: positiveFinite,
    good: [1, 0.5, Number.MAX_SAFE_INTEGER],
    bad: [0, -1, POSITIVE_INFINITY, ...NO_NUMBERS],
  },
  'a count from 0': {
    check: count(0),
    good: [0, 1, POSITIVE_INFINITY],
    bad: [-1, 0.5, NEGATIVE_INFINITY, ...NO_NUMBERS],
  },
  'a count from 1': { check: count(1), good: [1, POSITIVE_INFINITY], bad: [0, 1.5, ...NO_NUMBERS] },
  'a whole number from 1 to 4': {
    check: wholeNumber(1, 4),
    good: [1, 4],
    bad: [0, 5, 2.5, POSITIVE_INFINITY, ...NO_NUMBERS],
  },
  'zero or more': {
    check: zeroOrMore,
    good: [0, 0.5, POSITIVE_INFINITY],
    bad: [-1, ...NO_NUMBERS],
  },
  'true or false': { check: boolean, good: [true, false], bad: [0, 1, 'true', null, {}] },
  'a function': { check: func, good: [() => {}, class {}], bad: [{}, 'f', null] },
  'one of two names': { check: oneOf('a', 'b'), good: ['a', 'b'], bad: ['c', 'A', '', 0, null] },
  'an AbortSignal': {
    check: abortSignal,
    good: [new AbortController().signal, AbortSignal.abort()],
    bad: [new AbortController(), new EventTarget(), { aborted: false }, null],
  },
};

describe.each(Object.entries(RANGES))('H5 %s', (_name, { check, good, bad }) => {
  test.each(good)('takes %s', (value) => {
    expect(check(value)).toBeUndefined();
  });

  test('refuses everything else and names what it saw', () => {
    for (const value of bad) expect(check(value)).toMatch(/^must be .+, not \S+/);
  });
});

describe('H1 the options of a call', () => {
  const checks = { size: positive, flag: boolean };

  function issuesOf(given: object): readonly OptionIssue[] {
    const issues: OptionIssue[] = [];
    checkAll(given, checks, issues);
    return issues;
  }

  test('are reported together, each with its range and its value', () => {
    expect(issuesOf({ size: -1, flag: 'yes', other: 1 })).toEqual([
      { option: 'size', problem: 'must be a positive number or Infinity, not -1' },
      { option: 'flag', problem: 'must be true or false, not a text of 3 characters' },
      { option: 'other', problem: 'is not an option; known are flag, size' },
    ]);
  });

  test('count as absent when undefined', () => {
    expect(issuesOf({ size: undefined, flag: undefined })).toEqual([]);
    expect(issuesOf({ other: undefined })).toHaveLength(1);
  });

  test('are own properties only', () => {
    expect(issuesOf(Object.create({ size: -1, other: 1 }))).toEqual([]);
    expect(issuesOf(JSON.parse('{"__proto__": {"size": 1}}'))).toHaveLength(1);
    for (const name of ['constructor', 'toString', 'hasOwnProperty']) {
      expect(issuesOf({ [name]: 1 })).toHaveLength(1);
    }
  });
});

test.each([
  [{}, true],
  [Object.create(null), true],
  [new (class Options {})(), true],
  [null, false],
  [undefined, false],
  ['text', false],
  [7, false],
  [[], false],
  [() => {}, false],
  [Promise.resolve({}), false],
])('H1 %o as options: %s', (value, expected) => {
  expect(isOptionBag(value)).toBe(expected);
});

test.each([
  [-1.5, '-1.5'],
  [Number.NaN, 'NaN'],
  [false, 'false'],
  [undefined, 'undefined'],
  [null, 'null'],
  [7n, '7n'],
  ['hunter2', 'a text of 7 characters'],
  [['hunter2'], 'a list'],
  [{ hunter2: 'hunter2' }, 'an object'],
  [function hunter2() {}, 'a function'],
  [Symbol('hunter2'), 'a symbol'],
])('S3 %o is shown as %s', (value, text) => {
  expect(show(value)).toBe(text);
});
