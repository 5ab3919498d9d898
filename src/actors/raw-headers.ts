/**
 * Header blocks in other forms than undici's: the raw one as a list of text, and both packed into
 * one string each, which costs a thread's message less than anything with more parts: the names,
 * and behind them the values. A server says the same names again and again: they are read once.
 *
 * Invariant: what is unpacked equals what was packed. NUL and LF separate, which no header can hold
 * (RFC 9110, 5.5).
 */

import type { ResponseHeaders } from '../messages.ts';

const SEPARATOR = '\0';
const VALUES = '\n';

/** Names and values in turn, in order and case, from undici's raw form or the packed one. */
export function decodeRawHeaders(raw: unknown): readonly string[] {
  if (typeof raw === 'string') return unpackRawHeaders(raw);
  if (Array.isArray(raw)) {
    return raw.map((part) => (Buffer.isBuffer(part) ? part.toString('latin1') : String(part)));
  }
  const list: string[] = [];
  if (typeof raw !== 'object' || raw === null) return list;
  for (const [name, value] of Object.entries(raw)) {
    if (Array.isArray(value)) for (const one of value) list.push(name, String(one));
    else list.push(name, String(value));
  }
  return list;
}

export function packRawHeaders(raw: unknown): string {
  const list = decodeRawHeaders(raw);
  if (list.length === 0) return '';
  let names = list[0] ?? '';
  let values = list[1] ?? '';
  for (let index = 2; index + 1 < list.length; index += 2) {
    names += SEPARATOR + list[index];
    values += SEPARATOR + list[index + 1];
  }
  return names + VALUES + values;
}

function unpackRawHeaders(packed: string): readonly string[] {
  if (packed === '') return [];
  const [names, values] = halvesOf(packed);
  return names.split(SEPARATOR).flatMap((name, index) => [name, values[index] ?? '']);
}

function halvesOf(packed: string): readonly [names: string, values: readonly string[]] {
  const middle = packed.indexOf(VALUES);
  return [packed.slice(0, middle), packed.slice(middle + 1).split(SEPARATOR)];
}

export function packHeaders(headers: ResponseHeaders): string {
  return packRawHeaders(headers);
}

/** Headers by their names in lower case; an array where a name was repeated (N12). */
export function unpackHeaders(packed: string): ResponseHeaders {
  if (packed === '') return NO_HEADERS;
  const [block, values] = halvesOf(packed);
  const headers: Record<string, string | string[]> = {};
  for (const [index, name] of namesIn(block).entries()) add(headers, name, values[index] ?? '');
  return headers;
}

/** The names of each block that was seen of late, in lower case. */
const seen = new Map<string, readonly string[]>();
const MAX_SEEN = 256;
const MAX_SEEN_LENGTH = 1024;

function namesIn(block: string): readonly string[] {
  const known = seen.get(block);
  if (known !== undefined) return known;
  const given = block.split(SEPARATOR);
  // As V8 keeps the names of properties, so that it need not look for them again.
  const names = given.flatMap((name) => Object.keys({ [name.toLowerCase()]: 0 }));
  if (block.length <= MAX_SEEN_LENGTH) {
    if (seen.size === MAX_SEEN) seen.clear();
    // Joined anew: a part of a string keeps the whole of it.
    seen.set(given.join(SEPARATOR), names);
  }
  return names;
}

function add(headers: Record<string, string | string[]>, name: string, value: string): void {
  const known = name in headers && Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (Array.isArray(known)) known.push(value);
  else if (known !== undefined) headers[name] = [known, value];
  else setHeader(headers, name, value);
}

/** Defined where a prototype knows the name: it has a setter for one, and may have more (N11). */
export function setHeader<Value>(headers: Record<string, Value>, name: string, value: Value): void {
  if (!(name in headers)) headers[name] = value;
  else Object.defineProperty(headers, name, { value, ...OPEN });
}

const OPEN = { enumerable: true, configurable: true, writable: true } as const;

const NO_HEADERS: ResponseHeaders = Object.freeze({});
