/**
 * Request headers, checked and flat: names and values in turn.
 *
 * The syntax is RFC 9110, 5.1 and 5.5. Headers that frame a message belong to the transport; that
 * they cannot be set keeps a request from meaning two things to two servers (N11).
 */

import type { OptionIssue } from '../errors.ts';
import { show } from './validate.ts';

/** A `token` (RFC 9110, 5.6.2). */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible characters, spaces and tabs, and obs-text: no CR, LF, NUL or other control. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const TRANSPORT_OWNED = new Set([
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'expect',
  'trailer',
  'proxy-connection',
  'http2-settings',
]);

/** The only values of headers that concern one connection: HTTP/2 knows no other (RFC 9113, 8.2.2). */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  connection: ['close', 'keep-alive'],
  te: ['trailers'],
};

/** Two of these would mean two things to two servers (RFC 9110, 7.2 and 8.6). */
const SINGLE = new Set(['content-length', 'host']);

/** The headers of a request over those of its pool; a name of the request replaces the pool's. */
export function resolveHeaders(
  given: unknown,
  defaults: readonly string[],
  issues: OptionIssue[],
): readonly string[] {
  if (given === undefined) return defaults;
  const list: string[] = [];
  for (const [name, value] of entriesOf(given, issues)) addHeader(list, name, value, issues);
  if (defaults.length === 0) return list;
  const names = new Set<string>();
  for (let at = 0; at < list.length; at += 2) names.add((list[at] ?? '').toLowerCase());
  const merged: string[] = [];
  for (let at = 0; at < defaults.length; at += 2) {
    const name = defaults[at] ?? '';
    if (!names.has(name.toLowerCase())) merged.push(name, defaults[at + 1] ?? '');
  }
  return merged.concat(list);
}

/** The value of a header, `undefined` when it is not there. */
export function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) {
    if ((headers[at] ?? '').toLowerCase() === name) return headers[at + 1];
  }
  return undefined;
}

function entriesOf(given: unknown, issues: OptionIssue[]): Iterable<readonly [unknown, unknown]> {
  if (typeof given !== 'object' || given === null) {
    issues.push({ option: 'headers', problem: `must be an object, not ${show(given)}` });
    return [];
  }
  if (!isIterable(given)) return Object.entries(given);
  const entries: (readonly [unknown, unknown])[] = [];
  // `Headers`, `Map` and lists of pairs; anything else among the entries is an issue.
  for (const entry of given) {
    if (Array.isArray(entry) && entry.length === 2) entries.push([entry[0], entry[1]]);
    else issues.push({ option: 'headers', problem: `must hold pairs, not ${show(entry)}` });
  }
  return entries;
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value && typeof value[Symbol.iterator] === 'function';
}

function addHeader(list: string[], name: unknown, value: unknown, issues: OptionIssue[]): void {
  if (value === undefined) return;
  if (typeof name !== 'string' || !TOKEN.test(name)) {
    issues.push({ option: 'headers', problem: 'has a name that is not a token of RFC 9110' });
    return;
  }
  const option = `headers.${name}`;
  const lower = name.toLowerCase();
  if (TRANSPORT_OWNED.has(lower)) {
    issues.push({ option, problem: 'is set by the transport' });
    return;
  }
  const allowed = Object.hasOwn(ALLOWED, lower) ? ALLOWED[lower] : undefined;
  if (allowed !== undefined && !allowed.some((one) => one === value)) {
    const names = allowed.map((one) => `'${one}'`).join(' or ');
    issues.push({ option, problem: `must be ${names}` });
    return;
  }
  if (Array.isArray(value)) {
    for (const one of value) addValue(list, name, one, issues);
  } else addValue(list, name, value, issues);
}

function addValue(list: string[], name: string, value: unknown, issues: OptionIssue[]): void {
  const text = Number.isFinite(value) ? String(value) : value;
  const lower = name.toLowerCase();
  if (typeof text !== 'string') {
    const problem = `must be a string, a finite number or a list of strings, not ${show(value)}`;
    issues.push({ option: `headers.${name}`, problem });
  } else if (SINGLE.has(lower) && headerValue(list, lower) !== undefined) {
    issues.push({ option: `headers.${name}`, problem: 'is given twice' });
  } else if (!FIELD_VALUE.test(text)) {
    const problem =
      'has a character that RFC 9110 does not allow (CR, LF, NUL, other control, or beyond latin1)';
    issues.push({ option: `headers.${name}`, problem });
  } else if (lower !== 'cookie' || !addCookie(list, text)) {
    list.push(name, text);
  }
}

/** One `Cookie` for all (RFC 6265, 5.4): of several fields HTTP/2 would make a list, with commas. */
function addCookie(list: string[], cookie: string): boolean {
  const at = list.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'cookie');
  if (at < 0) return false;
  list[at + 1] = `${list[at + 1]}; ${cookie}`;
  return true;
}
