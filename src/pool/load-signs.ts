/**
 * What the answers of an origin say of its load. Pure: a table, and who looks it up.
 */

import type { ErrorCode } from '../errors.ts';
import type { ResponseHeaders } from '../messages.ts';
import { retryAfterMs } from './retry-after.ts';

/** The head of a response, and how long it took from the end of the request. */
export interface Answer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly latencyMs: number | undefined;
}

/** Whether a response says that its origin is overloaded (RFC 6585, 4; RFC 9110, 15.6.4, 15.6.5). */
export function isOverloaded({ status }: Answer): boolean {
  return status === 429 || status === 503 || status === 504;
}

/** No origin is left alone for longer: it may be asked again then, and may say so again. */
const MOST_PAUSE_MS = 60 * 60_000;

/** How long an overloaded origin is to be left alone, as it asks; `wallMs`: since 1970. */
export function pauseMs({ status, headers }: Answer, wallMs: number): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const askedMs = retryAfterMs(headers, wallMs);
  return askedMs === undefined ? undefined : Math.min(askedMs, MOST_PAUSE_MS);
}

/** Failures before any answer that an overloaded origin would cause. */
export const OVERLOAD_CODES: ReadonlySet<'done' | ErrorCode> = new Set([
  'ERR_CONNECT',
  'ERR_CONNECT_TIMEOUT',
  'ERR_HEADERS_TIMEOUT',
  'ERR_IDLE_TIMEOUT',
  'ERR_TIMEOUT',
  'ERR_SOCKET',
]);
