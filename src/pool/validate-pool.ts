/**
 * The boundary of a pool: its options as users write them in, resolved options out, every issue in
 * one error (clauses H1, H5, P3). Behind it nothing is checked again.
 */

import type { ResourceLimits } from 'node:worker_threads';
import { badOptions, type OptionIssue } from '../errors.ts';
import type { PoolOptions, ThreadOptions } from '../options.ts';
import { own, ownOptions } from '../own-options.ts';
import {
  DEFAULT_LIMITS,
  POOL_DEFAULTS,
  REQUEST_DEFAULTS,
  type ResolvedPool,
} from '../resolved-options.ts';
import { DEFAULT_CHECKS } from './default-checks.ts';
import { resolveHeaders } from './request-headers.ts';
import {
  type Check,
  checkAll,
  count,
  func,
  isOptionBag,
  oneOf,
  positive,
  positiveFinite,
  show,
  wholeNumber,
} from './validate.ts';
import { checkWhole, POOL_LIMIT_CHECKS, resolveLimits } from './validate-limits.ts';

const threadOptions: Check = (value) => {
  if (!isOptionBag(value)) return `must be { name, resourceLimits }, not ${show(value)}`;
  const issues: OptionIssue[] = [];
  checkAll(value, { name: text, resourceLimits }, issues);
  return firstOf(issues);
};

const resourceLimits: Check = (value) => {
  if (!isOptionBag(value)) return `must be an object, not ${show(value)}`;
  const issues: OptionIssue[] = [];
  checkAll(value, LIMIT_CHECKS, issues);
  return firstOf(issues);
};

const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : `must be a text, not ${show(value)}`;

const LIMIT_CHECKS: Readonly<Record<keyof ResourceLimits, Check>> = {
  maxYoungGenerationSizeMb: positiveFinite,
  maxOldGenerationSizeMb: positiveFinite,
  codeRangeSizeMb: positiveFinite,
  stackSizeMb: positiveFinite,
};

function firstOf(issues: readonly OptionIssue[]): string | undefined {
  const first = issues[0];
  return first && `${first.option} ${first.problem}`;
}

const POOL_CHECKS: Readonly<Record<keyof PoolOptions, Check>> = {
  ...DEFAULT_CHECKS,
  workers: wholeNumber(1, 1024),
  isolation: oneOf('inline', 'thread'),
  thread: threadOptions,
  wedgeTimeout: positive,
  ...POOL_LIMIT_CHECKS,
  select: oneOf('affinity', 'least-busy', 'random'),
  maxRestarts: count(0),
  restartWindow: positive,
  dispatcher: func,
};

/** The options of a pool, or one error with all that is wrong. */
export function resolvePool(options: PoolOptions = {}): ResolvedPool {
  if (!isOptionBag(options)) {
    throw badOptions([{ option: 'options', problem: `must be an object, not ${show(options)}` }]);
  }
  const issues: OptionIssue[] = [];
  checkAll(options, POOL_CHECKS, issues);
  const limits = resolveLimits(options, DEFAULT_LIMITS, issues);
  const headers = resolveHeaders(own(options, 'headers'), REQUEST_DEFAULTS.headers, issues);
  checkThreads(options, issues);
  // Where a check has failed nothing is made of this: the own values are of their declared types.
  const given = ownOptions(options) as PoolOptions;
  const workers = given.workers ?? POOL_DEFAULTS.workers;
  if (issues.length === 0) checkWhole(limits, workers, issues);
  if (issues.length > 0) throw badOptions(issues);
  return {
    workers,
    thread: given.isolation === 'thread' ? ownThread(given.thread) : undefined,
    wedgeTimeout: given.wedgeTimeout ?? POOL_DEFAULTS.wedgeTimeout,
    limits,
    select: given.select ?? POOL_DEFAULTS.select,
    maxRestarts: given.maxRestarts ?? POOL_DEFAULTS.maxRestarts,
    restartWindow: given.restartWindow ?? POOL_DEFAULTS.restartWindow,
    dispatcher: given.dispatcher,
    defaults: {
      headers,
      stream: given.stream ?? REQUEST_DEFAULTS.stream,
      streamBody: given.streamBody ?? REQUEST_DEFAULTS.streamBody,
      onCallerDeath: given.onCallerDeath ?? REQUEST_DEFAULTS.onCallerDeath,
      window: given.window,
      timeout: given.timeout,
      connectTimeout: given.connectTimeout ?? REQUEST_DEFAULTS.connectTimeout,
      headersTimeout: given.headersTimeout ?? REQUEST_DEFAULTS.headersTimeout,
      idleTimeout: given.idleTimeout ?? REQUEST_DEFAULTS.idleTimeout,
      queueTimeout: given.queueTimeout ?? REQUEST_DEFAULTS.queueTimeout,
      tenant: given.tenant ?? REQUEST_DEFAULTS.tenant,
      priority: given.priority ?? REQUEST_DEFAULTS.priority,
      minThroughput: given.minThroughput,
      uploadBuffer: given.uploadBuffer ?? REQUEST_DEFAULTS.uploadBuffer,
      maxResponseBytes: given.maxResponseBytes,
    },
  };
}

function ownThread({ name, resourceLimits: limits }: ThreadOptions = NO_THREAD): ThreadOptions {
  return ownOptions({ name, resourceLimits: limits && ownOptions(limits) });
}

const NO_THREAD: ThreadOptions = ownOptions({});

/** What a thread cannot have, and what only a thread has. */
function checkThreads(options: PoolOptions, issues: OptionIssue[]): void {
  if (own(options, 'isolation') === 'thread') {
    if (own(options, 'dispatcher') !== undefined) {
      const problem =
        "is a function, which cannot cross into a thread: use it with isolation 'inline'";
      issues.push({ option: 'dispatcher', problem });
    }
    if (process.permission?.has('worker') === false) {
      const problem =
        "'thread' needs threads, which this process may not start (node --allow-worker)";
      issues.push({ option: 'isolation', problem });
    }
    return;
  }
  for (const option of ['thread', 'wedgeTimeout']) {
    if (own(options, option) === undefined) continue;
    issues.push({ option, problem: "needs isolation 'thread': inline workers have no thread" });
  }
}
