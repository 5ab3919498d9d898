/**
 * Which timeout of an exchange is due next (clauses T1, T4, H7): a pure function of where it stands
 * and when it got there.
 */

import type { ExchangeState } from '../actors/request-lifecycle.ts';
import type { ErrorCode } from '../errors.ts';
import type { ResolvedRequest } from '../resolved-options.ts';

/** Times of an exchange, on the clock of the pool; `NaN` for what has not happened. */
export interface FlightTimes {
  readonly createdMs: number;
  /** When it began to wait, the last time it did. */
  readonly queuedMs: number;
  readonly admittedMs: number;
  readonly dispatchedMs: number;
  /** On the wire, and for an upload: handed over whole. */
  readonly sentMs: number;
  readonly headMs: number;
  /** Last byte in either direction. */
  readonly movedMs: number;
  /** When a response that nobody wants has to be over. */
  readonly drainUntilMs: number;
  /** Begin of the interval that `minThroughput` measures, and what should have moved before it. */
  readonly throughputMs: number;
  readonly throughputBytes: number;
}

export interface DueTimeout {
  readonly dueMs: number;
  readonly code: ErrorCode;
  /** A check of `minThroughput`, which may pass. */
  readonly isThroughput: boolean;
}

/** The timeout that is due first; at `Infinity` when there is none. */
export function nextTimeout(
  state: ExchangeState,
  times: FlightTimes,
  request: ResolvedRequest,
): DueTimeout {
  let dueMs = Number.POSITIVE_INFINITY;
  let code: ErrorCode = 'ERR_TIMEOUT';
  let isThroughput = false;
  // Comparisons with NaN are false: what has not begun is not due.
  const consider = (atMs: number, name: ErrorCode): void => {
    if (atMs < dueMs) {
      dueMs = atMs;
      code = name;
    }
  };
  consider(times.admittedMs + request.timeoutMs, 'ERR_TIMEOUT');
  consider(times.drainUntilMs, 'ERR_TIMEOUT');
  if (state.type === 'queued') {
    consider(times.queuedMs + request.queueTimeoutMs, 'ERR_ADMISSION_TIMEOUT');
    return { dueMs, code, isThroughput };
  }
  if (state.type === 'connecting') {
    consider(times.dispatchedMs + request.connectTimeoutMs, 'ERR_CONNECT_TIMEOUT');
  }
  if (state.type === 'waiting') {
    consider(times.sentMs + request.headersTimeoutMs, 'ERR_HEADERS_TIMEOUT');
  }
  consider(times.movedMs + request.idleTimeoutMs, 'ERR_IDLE_TIMEOUT');
  if (request.minThroughput !== undefined) {
    const atMs = times.throughputMs + request.minThroughput.interval;
    isThroughput = atMs < dueMs;
    consider(atMs, 'ERR_IDLE_TIMEOUT');
  }
  return { dueMs, code, isThroughput };
}
