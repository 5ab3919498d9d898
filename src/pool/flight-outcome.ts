/**
 * What the end of an exchange says, made from the facts of its record: metrics, upload, error.
 * Pure; the record hands in what it knows.
 */

import type { Transfer } from '../actors/carrier.ts';
import type { FailurePoint } from '../actors/foreign-errors.ts';
import { type ExchangeState, isUploading, type Upload } from '../actors/request-lifecycle.ts';
import {
  ERROR_CODES,
  type ErrorCode,
  exchangeError,
  type Phase,
  type RequestError,
} from '../errors.ts';
import type { Metrics, UploadOutcome } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { FlightClock } from './flight-clock.ts';
import type { FlightTimes } from './flight-deadlines.ts';
import type { FlightUpload } from './flight-upload.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** What a record knows at its end. */
export interface FlightFacts {
  readonly ref: string;
  readonly request: ResolvedRequest;
  readonly times: FlightTimes;
  readonly nowMs: number;
  readonly transfer: Transfer | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly worker: number | undefined;
  readonly attempts: number;
  /** Whether bytes of the request reached the wire. */
  readonly sent: boolean;
}

/** A record that comes to its end. */
export interface EndingFlight extends Pick<FlightFacts, 'ref' | 'request' | 'attempts'> {
  readonly clock: FlightClock;
  readonly upload: FlightUpload | undefined;
  readonly incoming: { readonly response: { readonly bytesReceived: number } };
  readonly attempt:
    | { readonly worker: WorkerSlot; readonly transfer: Transfer | undefined }
    | undefined;
}

export function factsOf(flight: EndingFlight): FlightFacts {
  const { ref, request, clock, upload, attempts } = flight;
  const { worker, transfer } = flight.attempt ?? {};
  const wholeBytes = Number.isNaN(clock.sentMs) ? 0 : (request.bytes?.byteLength ?? 0);
  return {
    ref,
    request,
    times: clock,
    nowMs: clock.now(),
    transfer,
    bytesSent: upload === undefined ? wholeBytes : upload.body.bytesSent,
    bytesReceived: flight.incoming.response.bytesReceived,
    worker: worker?.id,
    attempts,
    sent: transfer?.headSent(upload?.body) ?? false,
  };
}

/** Clause S1. */
export function metricsOf(facts: FlightFacts): Metrics {
  const { times, nowMs, transfer } = facts;
  const admittedMs = Number.isNaN(times.admittedMs) ? nowMs : times.admittedMs;
  const fresh = transfer?.reusedConnection === false ? transfer.connection : undefined;
  return {
    queued: admittedMs - times.createdMs,
    dns: fresh?.dns,
    connect: fresh?.connect,
    tls: fresh?.tls,
    firstByte: Number.isNaN(times.headMs) ? undefined : times.headMs - times.admittedMs,
    total: nowMs - times.createdMs,
    bytesSent: facts.bytesSent,
    bytesReceived: facts.bytesReceived,
    worker: facts.worker,
    attempts: facts.attempts,
    redirects: 0,
    reusedConnection: transfer?.reusedConnection,
  };
}

/** Clause U9; `undefined` for an exchange without a body. */
export function uploadOutcomeOf(upload: Upload, bytesSent: number): UploadOutcome | undefined {
  if (upload === 'none') return undefined;
  const endedBy = ENDED_BY[upload] ?? 'failure';
  return { complete: endedBy === 'caller', bytesSent, endedBy };
}

/** How an error came about. */
export interface Failure {
  /** The state it struck. */
  readonly before: ExchangeState;
  readonly code: ErrorCode;
  readonly cause: unknown;
  /** Where it is known better than from the state. */
  readonly phase: Phase | undefined;
}

/** Clause E. */
export function errorOf(facts: FlightFacts, failure: Failure): RequestError {
  const { method, origin, replayable } = facts.request;
  const repeatable = !facts.sent || (IDEMPOTENT.has(method) && replayable);
  return exchangeError(failure.code, {
    phase: failure.phase ?? phaseOf(failure.before),
    ref: facts.ref,
    method,
    origin,
    sent: facts.sent,
    retryable: ERROR_CODES[failure.code].again && repeatable,
    cause: failure.cause,
  });
}

/** Where an exchange stands, for the mapping of foreign errors. */
export function failurePointOf(state: ExchangeState, origin: string): FailurePoint {
  const { type } = state;
  return {
    started: type !== 'queued' && type !== 'connecting',
    headReceived: type === 'receiving' || type === 'ending',
    uploading: isUploading(state.upload),
    isTls: origin.startsWith('https:'),
  };
}

/** RFC 9110, 9.2.2. */
export const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

const ENDED_BY: Partial<Record<Upload, UploadOutcome['endedBy']>> = {
  ended_by_caller: 'caller',
  ended_by_death: 'caller_death',
  ended_by_response: 'response',
  ended_by_failure: 'failure',
};

function phaseOf(state: ExchangeState): Phase {
  switch (state.type) {
    case 'queued':
      return 'queue';
    case 'connecting':
      return 'connect';
    case 'waiting':
      return isUploading(state.upload) ? 'upload' : 'headers';
    default:
      return 'body';
  }
}
