/**
 * Where a request goes: origin and path of an http or https URL.
 *
 * Invariant: userinfo leaves the URL here, as a basic authorization header, and the fragment is
 * dropped; neither is in any text that the pool shows (S3).
 */

import type { OptionIssue } from '../errors.ts';
import { show } from './validate.ts';

export interface Target {
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  /** Origin, path and query. */
  readonly url: string;
  readonly authorization: string | undefined;
}

/** An authority without userinfo; what it is normalized to, the parser says. */
const PLAIN_AUTHORITY = /^https?:\/\/[\w.-]+(?::\d+)?$/;
/** A path that the parser would leave as it is: no dot segments, nothing to encode, no fragment. */
const PLAIN_PATH = /^\/(?!\.)(?:[\w\-~!$&()*+,;=:@.]|\/(?!\.))*(?:\?[\w\-~!$&()*+,;=:@/.?%[\]]+)?$/;
/** Longer than any scheme with its slashes. */
const SCHEME_LENGTH = 8;
/** What origins are normalized to; forgotten as a whole before they are too many. */
const ORIGINS = new Map<string, string>();
const ORIGINS_KEPT = 1024;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the URL parser would drop these silently
const CONTROL = /[\x00-\x1f\x7f]/;

/** The target of a URL; `undefined` and an issue where it is none. */
export function parseTarget(url: unknown, issues: OptionIssue[]): Target | undefined {
  const plain = typeof url === 'string' ? splitPlain(url) : undefined;
  if (plain !== undefined) return plain;
  const parsed = toUrl(url, issues);
  if (parsed === undefined) return undefined;
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    issues.push({ option: 'url', problem: `must be an http or https URL${seenScheme(parsed)}` });
    return undefined;
  }
  const { origin } = parsed;
  const path = parsed.pathname + parsed.search;
  return { origin, path, url: origin + path, authorization: basicAuthorization(parsed) };
}

/** Without the parser where the origin is known, as it is for most requests. */
function splitPlain(url: string): Target | undefined {
  const at = url.indexOf('/', SCHEME_LENGTH);
  if (at < 0) return undefined;
  const path = url.slice(at);
  if (!PLAIN_PATH.test(path)) return undefined;
  const authority = url.slice(0, at);
  const origin = ORIGINS.get(authority) ?? learnOrigin(authority);
  if (origin === undefined) return undefined;
  // As it came where it is the same: a text of its own would be kept for each that waits.
  const same = origin === authority;
  return { origin, path, url: same ? url : origin + path, authorization: undefined };
}

function learnOrigin(authority: string): string | undefined {
  const origin = PLAIN_AUTHORITY.test(authority) ? URL.parse(authority)?.origin : undefined;
  if (origin === undefined) return undefined;
  if (ORIGINS.size >= ORIGINS_KEPT) ORIGINS.clear();
  ORIGINS.set(authority, origin);
  return origin;
}

/** The scheme, where it is one: in `user:secret@host` the parser takes the user's name for it. */
function seenScheme({ href, protocol }: URL): string {
  return href.startsWith(`${protocol}//`) ? `, not one with ${protocol}` : '';
}

function toUrl(url: unknown, issues: OptionIssue[]): URL | undefined {
  if (url instanceof URL) return url;
  if (typeof url !== 'string') {
    issues.push({ option: 'url', problem: `must be a string or a URL, not ${show(url)}` });
    return undefined;
  }
  if (CONTROL.test(url)) {
    issues.push({ option: 'url', problem: 'has a control character (CR, LF, NUL …)' });
    return undefined;
  }
  const parsed = URL.parse(url);
  if (parsed !== null) return parsed;
  issues.push({ option: 'url', problem: 'must be an absolute http or https URL' });
  return undefined;
}

/** RFC 7617; userinfo is percent-encoded UTF-8. */
function basicAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${decode(username)}:${decode(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
