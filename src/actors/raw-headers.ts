/**
 * Header blocks in other forms than undici's: the raw one as a list of text, and both packed into
 * one string each, which costs a thread's message less than anything with more parts.
 *
 * Invariant: what is unpacked equals what was packed. NUL separates, which no header can hold
 * (RFC 9110, 5.5).
 */

import type { ResponseHeaders } from '../messages.ts';

const SEPARATOR = '\0';

/** Names and values in turn, in order and case, from undici's raw form or the packed one. */
export function decodeRawHeaders(raw: unknown): readonly string[] {
  if (typeof raw === 'string') return raw === '' ? [] : raw.split(SEPARATOR);
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
  return decodeRawHeaders(raw).join(SEPARATOR);
}

export function packHeaders(headers: ResponseHeaders): string {
  return packRawHeaders(headers);
}

/** Headers by their names in lower case; an array where a name was repeated (N12). */
export function unpackHeaders(packed: string): ResponseHeaders {
  if (packed === '') return NO_HEADERS;
  const parts = packed.split(SEPARATOR);
  const headers: Record<string, string | string[]> = {};
  for (let index = 0; index + 1 < parts.length; index += 2) {
    add(headers, (parts[index] ?? '').toLowerCase(), parts[index + 1] ?? '');
  }
  return headers;
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
