/**
 * The boundary of a request: its options as users write them in, the resolved request out, every
 * issue in one error (clauses H1, H5). Behind it nothing is checked again.
 */

import { isWatchable } from '../actors/caller-monitor.ts';
import { badOptions, type OptionIssue } from '../errors.ts';
import type { Caller, CallerScope, RequestOptions } from '../options.ts';
import { own, ownOptions } from '../own-options.ts';
import type { ResolvedDefaults, ResolvedRequest } from '../resolved-options.ts';
import { assembleRequest } from './assemble-request.ts';
import { checkContradictions, draftOf } from './contradictions.ts';
import { anything, DEFAULT_CHECKS } from './default-checks.ts';
import { isReceiver } from './receivers.ts';
import { type BodyParts, resolveBody } from './request-body.ts';
import { resolveHeaders, TOKEN } from './request-headers.ts';
import { parseTarget, type Target } from './request-target.ts';
import { abortSignal, type Check, checkAll, isOptionBag, show } from './validate.ts';

const method: Check = (value) =>
  typeof value === 'string' && TOKEN.test(value)
    ? undefined
    : 'must be a token of RFC 9110, such as GET';

const caller: Check = (value) =>
  isWatchable(value)
    ? undefined
    : `must be an AbortSignal, an actor, a Worker, a MessagePort, a ChildProcess, a stream or a scope of withCaller(), not ${show(value)}`;

const replyTo: Check = (value) =>
  isReceiver(value)
    ? undefined
    : `must be a function, have send(message), or be a MessagePort, not ${show(value)}`;

const REQUEST_CHECKS: Readonly<Record<keyof RequestOptions, Check>> = {
  ...DEFAULT_CHECKS,
  method,
  body: anything,
  caller,
  replyTo,
  signal: abortSignal,
};

/** A call for a request, as it was made and not yet checked. */
export interface RequestCall {
  readonly url: unknown;
  readonly options: unknown;
  /** The method, where the name of the call says it. */
  readonly verb: string | undefined;
  /** The caller, where the call was made in its scope. */
  readonly scope: CallerScope | undefined;
}

/** The call behind `request(options)`, which has the URL among its options. */
export function callOf(options: unknown, scope: CallerScope | undefined): RequestCall {
  if (!isOptionBag(options)) return { url: undefined, options, verb: undefined, scope };
  const rest: { url?: unknown } = { ...options };
  delete rest.url;
  return { url: own(options, 'url'), options: rest, verb: undefined, scope };
}

/** The request of a call, or one error with all that is wrong. */
export function resolveRequest(call: RequestCall, defaults: ResolvedDefaults): ResolvedRequest {
  if (isPlainGet(call)) {
    const plain = parseTarget(call.url, []);
    if (plain !== undefined && plain.authorization === undefined) return plainGet(plain, defaults);
  }
  const issues: OptionIssue[] = [];
  const given = givenIn(call, issues);
  const target = parseTarget(call.url, issues);
  const headers = resolveHeaders(given.headers, defaults.headers, issues);
  const body = bodyOf(given, issues);
  const draft = draftOf(given, defaults);
  const contentLength = checkContradictions({ given, draft, headers, body }, issues);
  if (issues.length > 0 || target === undefined) throw badOptions(issues);
  return assembleRequest({ given, defaults, draft, target, headers, body, contentLength });
}

/** A call that says nothing but its URL: all the rest of its request is the same each time. */
function isPlainGet({ options, verb, scope }: RequestCall): boolean {
  return options === NO_OPTIONS && scope === undefined && verb === 'GET';
}

const PLAIN_GETS = new WeakMap<ResolvedDefaults, ResolvedRequest>();

function plainGet({ origin, path, url }: Target, defaults: ResolvedDefaults): ResolvedRequest {
  let plain = PLAIN_GETS.get(defaults);
  if (plain === undefined) {
    const call: RequestCall = { url, options: {}, verb: 'GET', scope: undefined };
    plain = resolveRequest(call, defaults);
    PLAIN_GETS.set(defaults, plain);
  }
  // All but its target is inherited: 56 bytes, where a copy would be 264 for each that waits.
  // Whatever is not its own it has from its prototype.
  const request = Object.create(plain) as {
    -readonly [K in keyof ResolvedRequest]: ResolvedRequest[K];
  };
  request.origin = origin;
  request.path = path;
  request.url = url;
  return request;
}

/** The options of a call without any; on no prototype, as `ownOptions` makes them. */
export const NO_OPTIONS: Readonly<Record<string, never>> = Object.freeze(Object.create(null));

/** The options of a call, with what the call itself says. */
function givenIn({ options, verb, scope }: RequestCall, issues: OptionIssue[]): RequestOptions {
  if (!isOptionBag(options)) {
    issues.push({ option: 'options', problem: `must be an object, not ${show(options)}` });
    return NO_OPTIONS;
  }
  // Read once, so that what was checked is what is used.
  const bag = ownOptions(options);
  checkAll(bag, REQUEST_CHECKS, issues);
  // Checked: the own values are of the types that `RequestOptions` declares.
  const given = bag as { method?: string; caller?: Caller } & RequestOptions;
  if (verb !== undefined) {
    if (given.method !== undefined && given.method !== verb) {
      issues.push({ option: 'method', problem: `is ${verb} by the name of the call` });
    }
    given.method = verb;
  }
  if (scope !== undefined) {
    if (given.caller !== undefined) {
      const problem = 'is the scope itself here; use the pool to name another';
      issues.push({ option: 'caller', problem });
    }
    given.caller = scope;
  }
  return given;
}

function bodyOf(given: RequestOptions, issues: OptionIssue[]): BodyParts {
  if (given.body === undefined) return NO_BODY;
  const parts = resolveBody(given.body);
  if (typeof parts !== 'string') return parts;
  issues.push({ option: 'body', problem: parts });
  return NO_BODY;
}

const NO_BODY: BodyParts = {
  bytes: undefined,
  source: undefined,
  contentType: undefined,
  length: undefined,
};
