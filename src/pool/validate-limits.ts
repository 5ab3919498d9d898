/**
 * The boundary of a pool's limits, when it is made and when they are changed: what users write in,
 * resolved limits out, an issue for each thing that is wrong (clauses H1, H5, P3).
 */

import { badOptions, type OptionIssue } from '../errors.ts';
import type { PoolLimits, RateLimit } from '../options.ts';
import { own } from '../own-options.ts';
import type { ResolvedLimits, ResolvedTenant } from '../resolved-options.ts';
import { anything } from './default-checks.ts';
import {
  boolean,
  type Check,
  checkAll,
  count,
  isOptionBag,
  positiveFinite,
  show,
} from './validate.ts';

/** Far apart enough for every use, near enough for the sums of a virtual clock. */
const [LEAST_WEIGHT, GREATEST_WEIGHT] = [0.001, 1_000_000];

const weight: Check = (value) =>
  typeof value === 'number' && value >= LEAST_WEIGHT && value <= GREATEST_WEIGHT
    ? undefined
    : `must be a number from ${LEAST_WEIGHT} to ${GREATEST_WEIGHT}, not ${show(value)}`;

/** `rate`, `originRate` and `tenants` are checked where they are resolved. */
export const POOL_LIMIT_CHECKS: Readonly<Record<keyof PoolLimits, Check>> = {
  maxInFlight: count(1),
  maxPerOrigin: count(1),
  adaptive: boolean,
  queueLimit: count(0),
  rate: anything,
  originRate: anything,
  tenants: anything,
};
const RATE_CHECKS: Readonly<Record<keyof RateLimit, Check>> = {
  limit: count(1),
  interval: positiveFinite,
};
const TENANT_CHECKS: Readonly<Record<string, Check>> = { weight, rate: anything };

/** New limits over those there were, or one error with all that is wrong. */
export function changeLimits(
  given: unknown,
  before: ResolvedLimits,
  workers: number,
): ResolvedLimits {
  if (!isOptionBag(given)) {
    throw badOptions([{ option: 'limits', problem: `must be an object, not ${show(given)}` }]);
  }
  const issues: OptionIssue[] = [];
  checkAll(given, POOL_LIMIT_CHECKS, issues);
  const limits = resolveLimits(given, before, issues);
  if (issues.length === 0) checkWhole(limits, workers, issues);
  if (issues.length > 0) throw badOptions(issues);
  return limits;
}

/** The limits that were given, over those before. Only of use where there are no issues. */
export function resolveLimits(
  given: object,
  before: ResolvedLimits,
  issues: OptionIssue[],
): ResolvedLimits {
  // Numbers and `adaptive` are checked by `POOL_LIMIT_CHECKS`.
  const number = (name: 'maxInFlight' | 'maxPerOrigin' | 'queueLimit') =>
    (own(given, name) as number | undefined) ?? before[name];
  const rate = (name: 'rate' | 'originRate') => {
    const value = own(given, name);
    return value === undefined ? before[name] : resolveRate(name, value, issues);
  };
  const tenants = own(given, 'tenants');
  return {
    maxInFlight: number('maxInFlight'),
    maxPerOrigin: number('maxPerOrigin'),
    adaptive: (own(given, 'adaptive') as boolean | undefined) ?? before.adaptive,
    queueLimit: number('queueLimit'),
    rate: rate('rate'),
    originRate: rate('originRate'),
    tenants: tenants === undefined ? before.tenants : resolveTenants(tenants, issues),
  };
}

/** One origin cannot have more than all workers together, and to adapt there has to be a bound. */
export function checkWhole(limits: ResolvedLimits, workers: number, issues: OptionIssue[]): void {
  const whole = workers * limits.maxInFlight;
  const { maxPerOrigin } = limits;
  if (limits.adaptive && maxPerOrigin === Number.POSITIVE_INFINITY) {
    issues.push({ option: 'adaptive', problem: 'needs a finite maxPerOrigin as its upper bound' });
  }
  if (maxPerOrigin === Number.POSITIVE_INFINITY || maxPerOrigin <= whole) return;
  const problem = `must be at most ${whole}, the maxInFlight of all workers, or Infinity, not ${maxPerOrigin}`;
  issues.push({ option: 'maxPerOrigin', problem });
}

function resolveTenants(
  given: unknown,
  issues: OptionIssue[],
): ReadonlyMap<string, ResolvedTenant> {
  const tenants = new Map<string, ResolvedTenant>();
  if (!isPlain(given)) {
    const problem = `must be an object of tenants, as { name: weight }, not ${show(given)}`;
    issues.push({ option: 'tenants', problem });
    return tenants;
  }
  for (const name of Object.keys(given)) {
    const tenant = resolveTenant(`tenants.${name}`, own(given, name), issues);
    if (tenant !== undefined) tenants.set(name, tenant);
  }
  return tenants;
}

function resolveTenant(
  option: string,
  given: unknown,
  issues: OptionIssue[],
): ResolvedTenant | undefined {
  if (given === undefined) return undefined;
  if (!isPlain(given)) {
    const problem = weight(given);
    if (problem !== undefined) issues.push({ option, problem });
    // Checked: a number.
    return { weight: given as number, rate: undefined };
  }
  const wrong: OptionIssue[] = [];
  checkAll(given, TENANT_CHECKS, wrong);
  for (const { option: name, problem } of wrong)
    issues.push({ option: `${option}.${name}`, problem });
  const rate = own(given, 'rate');
  return {
    weight: (own(given, 'weight') as number | undefined) ?? 1,
    rate: rate === undefined ? undefined : resolveRate(`${option}.rate`, rate, issues),
  };
}

function resolveRate(option: string, given: unknown, issues: OptionIssue[]): RateLimit | undefined {
  if (!isPlain(given)) {
    issues.push({ option, problem: `must be { limit, interval }, not ${show(given)}` });
    return undefined;
  }
  const wrong: OptionIssue[] = [];
  checkAll(given, RATE_CHECKS, wrong);
  for (const name of Object.keys(RATE_CHECKS)) {
    if (own(given, name) === undefined) wrong.push({ option: name, problem: 'is missing' });
  }
  for (const { option: name, problem } of wrong)
    issues.push({ option: `${option}.${name}`, problem });
  // Checked: both are numbers.
  const { limit, interval } = given as RateLimit;
  return limit === Number.POSITIVE_INFINITY ? undefined : { limit, interval };
}

/** An object whose names are its own: a `Map` or a class has none to show, and would say nothing. */
function isPlain(value: unknown): value is object {
  if (!isOptionBag(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
