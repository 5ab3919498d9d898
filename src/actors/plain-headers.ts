/**
 * The headers of a response over HTTP/2 as those over HTTP/1.1 are.
 */

import type { ResponseHeaders } from '../messages.ts';
import { setHeader } from './raw-headers.ts';

/**
 * Headers without what node adds to those of HTTP/2: a symbol, for trailers no prototype, and an
 * array around a cookie that was not repeated (N12).
 */
export function plainHeaders(
  headers: Record<string, string | string[] | undefined>,
): ResponseHeaders {
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  const plain: Record<string, string | readonly string[]> = {};
  for (const name of names) {
    const value = headers[name];
    const single = Array.isArray(value) && value.length === 1 ? value[0] : value;
    if (single !== undefined) setHeader(plain, name, single);
  }
  return plain;
}

const NO_HEADERS: ResponseHeaders = Object.freeze({});

export function isHttp2Headers(raw: unknown): boolean {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}
