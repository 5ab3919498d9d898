/**
 * What the options of a request mean together with the defaults of its pool, and which of them
 * contradict each other (clause H5).
 */

import type { OptionIssue } from '../errors.ts';
import type { RequestOptions } from '../options.ts';
import type { ResolvedDefaults } from '../resolved-options.ts';
import type { BodyParts } from './request-body.ts';
import { headerValue } from './request-headers.ts';

export interface Draft {
  readonly method: string;
  readonly stream: boolean;
  readonly streamBody: boolean;
}

export interface Parts {
  readonly given: RequestOptions;
  readonly draft: Draft;
  readonly headers: readonly string[];
  readonly body: BodyParts;
}

/** Methods whose names are accepted in any case, as fetch does. */
const COMMON_METHODS = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'CONNECT',
]);
/** A body has no meaning with these (RFC 9110, 9.3), and servers drop or refuse it. */
const BODYLESS = new Set(['GET', 'HEAD', 'TRACE']);

export function draftOf(given: RequestOptions, defaults: ResolvedDefaults): Draft {
  const name = typeof given.method === 'string' ? given.method : 'GET';
  const upper = name.toUpperCase();
  const isBodyless = BODYLESS.has(upper);
  return {
    method: COMMON_METHODS.has(upper) ? upper : name,
    stream: given.stream ?? defaults.stream,
    // A pool-wide `streamBody` is meant for the requests that can have a body of their own.
    streamBody:
      given.streamBody ?? (defaults.streamBody && given.body === undefined && !isBodyless),
  };
}

/** Checks pairs of options; returns the declared length of an upload. */
export function checkContradictions(parts: Parts, issues: OptionIssue[]): number | undefined {
  const { given, draft, body } = parts;
  const hasBody = body.bytes !== undefined || body.source !== undefined;
  if (draft.method === 'CONNECT') {
    issues.push({ option: 'method', problem: 'CONNECT makes tunnels, the pool does not' });
  }
  if (given.body !== undefined && draft.streamBody) {
    issues.push({
      option: 'body',
      problem: 'contradicts streamBody: the body comes by one of them',
    });
  }
  if (BODYLESS.has(draft.method) && (hasBody || draft.streamBody)) {
    const option = hasBody ? 'body' : 'streamBody';
    issues.push({ option, problem: `a ${draft.method} request cannot carry a body` });
  }
  if (given.window !== undefined && !draft.stream) {
    issues.push({ option: 'window', problem: 'needs stream: a buffered response has no window' });
  }
  return checkLength(parts, hasBody || draft.streamBody, issues);
}

function checkLength(
  { headers, body }: Parts,
  hasBody: boolean,
  issues: OptionIssue[],
): number | undefined {
  const text = headerValue(headers, 'content-length');
  if (text === undefined) return body.length;
  const option = 'headers.content-length';
  const declared = Number(text);
  if (!/^\d{1,15}$/.test(text)) {
    issues.push({ option, problem: 'must be a whole number of bytes' });
    return undefined;
  }
  if (!hasBody && declared !== 0) {
    issues.push({ option, problem: `must be 0 or absent without a body, not ${declared}` });
  }
  const known = body.bytes?.byteLength ?? body.length;
  if (known !== undefined && declared !== known) {
    issues.push({ option, problem: `must be the body's ${known} bytes, not ${declared}` });
  }
  return declared;
}
