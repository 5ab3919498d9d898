/**
 * The checks that options share: each takes a value and says what is wrong with it, or nothing.
 *
 * Invariant: a check reads nothing but the value it is given, so that `Object.prototype` cannot
 * change what a call means (N11); every problem names the value seen and the range allowed.
 */

import { types } from 'node:util';
import { badOptions, type OptionIssue } from '../errors.ts';
import { own, ownOptions } from '../own-options.ts';

/** What is wrong with a value, `undefined` when nothing is. */
export type Check = (value: unknown) => string | undefined;

/** A time or a size: positive, `Infinity` switches it off (H5). */
export const positive: Check = (value) =>
  typeof value === 'number' && value > 0
    ? undefined
    : `must be a positive number or Infinity, not ${show(value)}`;

/** A size of which there has to be a whole byte. */
export const oneOrMore: Check = (value) =>
  typeof value === 'number' && value >= 1
    ? undefined
    : `must be a number of at least 1 or Infinity, not ${show(value)}`;

/** A size or time that has to be finite. */
export const positiveFinite: Check = (value) =>
  typeof value === 'number' && value > 0 && value !== Number.POSITIVE_INFINITY
    ? undefined
    : `must be a positive finite number, not ${show(value)}`;

/** A whole number from `least` on, `Infinity` included. */
export function count(least: number): Check {
  return (value) =>
    value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && Number(value) >= least)
      ? undefined
      : `must be a whole number of at least ${least} or Infinity, not ${show(value)}`;
}

/** A whole number in a closed range. */
export function wholeNumber(least: number, most: number): Check {
  return (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `must be a whole number from ${least} to ${most}, not ${show(value)}`;
}

export const finite: Check = (value) =>
  Number.isFinite(value) ? undefined : `must be a finite number, not ${show(value)}`;

export const text: Check = (value) =>
  typeof value === 'string' ? undefined : `must be a string, not ${show(value)}`;

/** A time that may be zero. */
export const zeroOrMore: Check = (value) =>
  typeof value === 'number' && value >= 0
    ? undefined
    : `must be zero, a positive number or Infinity, not ${show(value)}`;

export const boolean: Check = (value) =>
  typeof value === 'boolean' ? undefined : `must be true or false, not ${show(value)}`;

export const func: Check = (value) =>
  typeof value === 'function' ? undefined : `must be a function, not ${show(value)}`;

export function oneOf(...allowed: readonly string[]): Check {
  return (value) =>
    typeof value === 'string' && allowed.includes(value)
      ? undefined
      : `must be ${allowed.map((name) => `'${name}'`).join(' or ')}, not ${show(value)}`;
}

export const abortSignal: Check = (value) =>
  value instanceof AbortSignal ? undefined : `must be an AbortSignal, not ${show(value)}`;

/** Applies the check of each own key; unknown names are issues, `undefined` counts as absent. */
export function checkAll(
  given: object,
  checks: Readonly<Record<string, Check>>,
  issues: OptionIssue[],
): void {
  for (const option of Object.keys(given)) {
    const check = Object.hasOwn(checks, option) ? checks[option] : undefined;
    if (check === undefined) {
      issues.push({ option, problem: `is not an option; known are ${knownNames(checks)}` });
      continue;
    }
    const value = own(given, option);
    const problem = value === undefined ? undefined : check(value);
    if (problem !== undefined) issues.push({ option, problem });
  }
}

/** The own options of a call, once nothing is wrong with them (N11). */
export function checkedCall<T extends object>(
  options: T,
  checks: Readonly<Record<string, Check>>,
): T {
  if (!isOptionBag(options)) {
    throw badOptions([{ option: 'options', problem: `must be an object, not ${show(options)}` }]);
  }
  const issues: OptionIssue[] = [];
  // Read once, so that what was checked is what is used.
  const given = ownOptions(options);
  checkAll(given, checks, issues);
  if (issues.length > 0) throw badOptions(issues);
  return given;
}

/** Whether a value can carry options: an object that is no list and no promise. */
export function isOptionBag(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !types.isPromise(value)
  );
}

/** A value as an error text may show it: short, and never the content of a text (S3). */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'string':
      return `a text of ${value.length} characters`;
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  }
}

function knownNames(checks: Readonly<Record<string, Check>>): string {
  return Object.keys(checks).sort().join(', ');
}
