/**
 * One exchange on one worker: the slot it has there, its transfer, and what that reports, turned
 * into events of the exchange's life. An exchange that moves (W2) has a new one on its next worker.
 *
 * Invariants: the slot is taken once and left once, when the exchange ends or moves; a request is
 * dispatched after the call that asked for it has returned (H1), and only if it has not ended or
 * moved until then.
 */

import type { ExchangeReports, Head, Transfer } from '../actors/carrier.ts';
import { bytesGone } from '../actors/chunk-bytes.ts';
import { isDispatcherGone, isForeignMisuse, mapForeignError } from '../actors/foreign-errors.ts';
import {
  type ExchangeEvent,
  type ExchangeState,
  isUploading,
} from '../actors/request-lifecycle.ts';
import type { ErrorCode, Phase } from '../errors.ts';
import type { ResponseHeaders } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { FlightClock } from './flight-clock.ts';
import { STARTED } from './flight-events.ts';
import type { FlightIncoming } from './flight-incoming.ts';
import { failurePointOf } from './flight-outcome.ts';
import type { FlightUpload } from './flight-upload.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** The exchange, as its attempt sees it. */
export interface Attempted {
  readonly request: ResolvedRequest;
  readonly state: ExchangeState;
  readonly isSettled: boolean;
  readonly clock: FlightClock;
  readonly upload: FlightUpload | undefined;
  /** The one that counts. */
  readonly attempt: FlightAttempt | undefined;
  readonly host: { workerFault(worker: WorkerSlot, error: unknown): void };
  readonly incoming: FlightIncoming;
  apply(event: ExchangeEvent): void;
  fail(code: ErrorCode, cause: unknown, phase: Phase): void;
  stop(code: ErrorCode, cause: unknown, phase: Phase): void;
  /** The response has begun. */
  answered(head: Head): void;
}

export class FlightAttempt implements ExchangeReports {
  readonly worker: WorkerSlot;
  readonly transfer: Transfer | undefined;
  readonly #flight: Attempted;

  constructor(flight: Attempted, worker: WorkerSlot) {
    this.#flight = flight;
    this.worker = worker;
    worker.take(flight.request.origin);
    this.countUploads(Number(isUploading(flight.state.upload)));
    this.transfer = worker.carrier?.transfer(this);
  }

  /** Hands the request over, once the call that asked for it has returned. */
  depart(): void {
    if (this.transfer === undefined) return;
    const dispatch = (): void => this.#dispatch();
    // Behind all that this turn reads: requests that leave together cost a quarter less.
    if (this.worker.carrier?.defers(this.#flight.request.origin)) setImmediate(dispatch);
    else queueMicrotask(dispatch);
  }

  /** The slot is free again. */
  leave(): void {
    this.worker.release(this.#flight.request.origin);
  }

  countUploads(change: number): void {
    this.worker.openUploads += change;
  }

  /** A transport that cannot even do this is broken (W1); the exchange ends all the same (H3). */
  abort(): void {
    try {
      this.transfer?.abort();
    } catch (error) {
      this.transportBroke(error);
    }
  }

  #dispatch(): void {
    const { transfer, worker } = this;
    const flight = this.#flight;
    // Meanwhile it may have ended, or its worker died.
    if (worker.carrier === undefined || flight.attempt !== this || flight.isSettled) return;
    try {
      transfer?.dispatch(flight.request, flight.upload?.body);
      if (!flight.isSettled) flight.upload?.start();
    } catch (error) {
      if (isForeignMisuse(error)) {
        this.exchangeFailed(error);
        return;
      }
      // The one in whose hands it broke is not tried again on the next worker (W1).
      if (!isDispatcherGone(error)) flight.fail('ERR_WORKER_DIED', error, 'connect');
      flight.host.workerFault(worker, error);
    }
  }

  // --- what its transfer reports --------------------------------------------------------------

  get room(): number {
    return this.#flight.incoming.room;
  }

  started(): void {
    const { clock, upload, request } = this.#flight;
    if (upload === undefined) {
      clock.sent();
      this.worker.bytesSent += request.bytes?.byteLength ?? 0;
    } else {
      clock.moved();
      clock.measureThroughput();
    }
    this.#flight.apply(STARTED);
  }

  hinted(): void {
    this.#flight.clock.moved();
  }

  headReceived(head: Head): void {
    this.#flight.clock.headReceived();
    this.#flight.answered(head);
  }

  dataReceived(chunk: Uint8Array): void {
    this.#flight.clock.moved();
    this.worker.bytesReceived += chunk.byteLength;
    this.#flight.incoming.receive(chunk);
  }

  responseEnded(trailers: ResponseHeaders): void {
    const { upload, request } = this.#flight;
    if (request.contentLength === 0 && upload?.body.sent === false) {
      // Where no byte was declared the peer has had all with the head, before its end was told.
      upload.uploadSent();
      this.abort();
    }
    this.#flight.incoming.finish(trailers);
  }

  bodyGone(): void {
    this.#flight.stop('ERR_CANCELLED', bytesGone(), 'upload');
  }

  exchangeFailed(error: unknown): void {
    const flight = this.#flight;
    if (isDispatcherGone(error)) {
      this.transportBroke(error);
      return;
    }
    const point = failurePointOf(flight.state, flight.request.origin);
    const { code, phase } = mapForeignError(error, point);
    flight.fail(code, error, phase);
  }

  transportBroke(error: unknown): void {
    this.#flight.host.workerFault(this.worker, error);
  }
}
