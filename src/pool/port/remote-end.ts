/**
 * What the end of an exchange says in the caller's thread: as the pool told it, as it was ended
 * here, or without the pool. Pure; the record hands in what it knows.
 */

import { ERROR_CODES, type ErrorCode, RequestError } from '../../errors.ts';
import type {
  DoneMessage,
  ErrorMessage,
  Metrics,
  PoolResponse,
  StatusMessage,
  TerminalMessage,
} from '../../messages.ts';
import type { ResolvedRequest } from '../../resolved-options.ts';
import { IDEMPOTENT } from '../flight-outcome.ts';
import { BufferedResponse, joinChunks } from '../response.ts';

/** How an exchange was ended in the caller's thread. */
export interface Stopped {
  readonly code: ErrorCode;
  readonly cause: unknown;
}

/** The end as the pool told it, for the reason it was given here where it was ended here. */
export function endHere(
  terminal: TerminalMessage,
  request: ResolvedRequest,
  stopped: Stopped | undefined,
): TerminalMessage {
  if (terminal.type === 'done') {
    if (stopped === undefined) return terminal;
    const { ref, upload, metrics } = terminal;
    const { method, origin } = request;
    const error = new RequestError(stopped.code, { ...stopped, ref, method, origin, sent: true });
    return { type: 'error', ref, error, upload, metrics };
  }
  const { error } = terminal;
  const cause = stopped?.code === error.code ? stopped.cause : error.cause;
  // The pool knows only of the pieces in which many bytes came, not that they are still here.
  const repeatable = request.replayable && IDEMPOTENT.has(request.method);
  const retryable = error.retryable || (repeatable && ERROR_CODES[error.code].again);
  const details = { ...error.toJSON(), retryable, cause };
  return { ...terminal, error: new RequestError(error.code, details) };
}

/** What is known of an exchange that the pool says nothing about. */
export interface LostFacts {
  readonly ref: string;
  readonly request: ResolvedRequest;
  readonly totalMs: number;
  readonly bytesReceived: number;
}

/** The end of an exchange that the pool never heard of, or says nothing about any more. */
export function lostEnd(facts: LostFacts, error: RequestError): ErrorMessage {
  const { ref, request } = facts;
  const hasBody = request.upload || request.bytes !== undefined;
  const endedBy = error.code === 'ERR_CALLER_DIED' ? 'caller_death' : 'failure';
  const upload = hasBody ? ({ complete: false, bytesSent: 0, endedBy } as const) : undefined;
  return { type: 'error', ref, error, upload, metrics: metricsOf(facts) };
}

/** The response of a streamed exchange, with what was collected of its body. */
export function collectedResponse(
  { url }: ResolvedRequest,
  head: StatusMessage | undefined,
  { ref, trailers, upload, metrics }: DoneMessage,
  chunks: readonly Uint8Array[],
): PoolResponse {
  return new BufferedResponse({
    ref,
    status: head?.status ?? 0,
    headers: head?.headers ?? {},
    raw: head?.rawHeaders,
    trailers,
    body: joinChunks(chunks),
    httpVersion: head?.httpVersion ?? '1.1',
    url,
    upload,
    metrics,
  });
}

function metricsOf({ totalMs, bytesReceived }: LostFacts): Metrics {
  return {
    queued: totalMs,
    dns: undefined,
    connect: undefined,
    tls: undefined,
    firstByte: undefined,
    total: totalMs,
    bytesSent: 0,
    bytesReceived,
    worker: undefined,
    attempts: 0,
    redirects: 0,
    reusedConnection: undefined,
  };
}
