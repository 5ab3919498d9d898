/**
 * The upload of one exchange, as its record keeps it: the channel, the source that feeds it, the
 * promise of `finishBody`; and what channel and source report, turned into events.
 *
 * Invariant: there is one promise of `finishBody`, and it settles: `true` when the body was handed
 * over whole for its caller, `false` when the upload ended in any other way (U4).
 */

import { bytesGone } from '../actors/chunk-bytes.ts';
import { SenderGarbage } from '../actors/nursery.ts';
import type { ExchangeEvent, ExchangeState } from '../actors/request-lifecycle.ts';
import { UploadBody, type UploadObserver } from '../actors/upload-body.ts';
import type { ErrorCode, Phase } from '../errors.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import { BodyPump, type PumpObserver } from './body-pump.ts';
import { giveUpUnread } from './body-source.ts';
import type { FlightClock } from './flight-clock.ts';
import { UPLOAD_FINISHED, UPLOAD_SENT } from './flight-events.ts';
import type { WorkerSlot } from './worker-slot.ts';

/**
 * However steadily a peer takes an upload, it is seen to do so in steps. A system takes more only when
 * a good part of its buffer is free, on Linux and the loopback 1.4 MiB, and the transport asks for
 * more only when the system has taken what it had.
 */
const STEP_BYTES = 2 * 1024 * 1024;

/** The exchange, as its upload sees it. */
export interface Uploading {
  readonly request: ResolvedRequest;
  readonly state: ExchangeState;
  readonly clock: FlightClock;
  readonly attempt: { readonly worker: WorkerSlot } | undefined;
  apply(event: ExchangeEvent): void;
  fail(code: ErrorCode, cause: unknown, phase: Phase): void;
  stop(code: ErrorCode, cause: unknown, phase: Phase): void;
}

export class FlightUpload implements UploadObserver, PumpObserver {
  readonly body: UploadBody;
  readonly #flight: Uploading;
  readonly #garbage = new SenderGarbage();
  #pump: BodyPump | undefined;
  #finish: PromiseWithResolvers<boolean> | undefined;

  constructor(flight: Uploading) {
    const { uploadBuffer: limit, contentLength, minThroughput } = flight.request;
    const scarce = minThroughput && ((): void => flight.clock.uploadScarce());
    this.body = new UploadBody({ limit, contentLength, observer: this, scarce });
    this.#flight = flight;
  }

  /** By how many bytes its peer may be behind; `Infinity` while the caller gives too little. */
  get allowedLagBytes(): number {
    return this.body.isBackedUp ? STEP_BYTES : Number.POSITIVE_INFINITY;
  }

  /** Begins to read the source of the body, where it has one. */
  start(): void {
    const { source } = this.#flight.request;
    if (source === undefined || this.#pump !== undefined) return;
    try {
      this.#pump = new BodyPump(source, this, this);
    } catch (error) {
      this.sourceFailed(error);
      return;
    }
    this.#pump.run();
  }

  /** Offers a chunk; `true` once it is taken and there is room for more. */
  write(chunk: Uint8Array, owned: boolean, accepted?: boolean): Promise<boolean> {
    this.#garbage.passed(chunk);
    return this.body.write(chunk, owned, accepted);
  }

  /** Ends the body after what was sent so far. */
  finish(): Promise<boolean> {
    if (this.#finish !== undefined) return this.#finish.promise;
    this.#finish = Promise.withResolvers<boolean>();
    const { promise, resolve } = this.#finish;
    const { upload } = this.#flight.state;
    if (upload !== 'open') {
      if (upload !== 'finishing') resolve(upload === 'ended_by_caller');
      return promise;
    }
    // The transport reports the end of the body in a later tick, so it finds the state finished.
    if (this.body.finish()) this.#flight.apply(UPLOAD_FINISHED);
    return promise;
  }

  /** Ends the body after what was accepted, for a caller that is dead (C2). */
  abandon(): void {
    this.#stopReading();
    this.body.abandon();
  }

  /** Releases whoever sends or finishes: nothing more of the body goes out (U3, U4). */
  cut(): void {
    this.#stopReading();
    this.body.close();
    this.#answerFinish();
  }

  // --- what the channel and the source report -------------------------------------------------

  uploadProgressed(bytes: number): void {
    const { clock, attempt } = this.#flight;
    clock.uploadMoved();
    if (attempt !== undefined) attempt.worker.bytesSent += bytes;
  }

  uploadSent(): void {
    this.#flight.clock.sent();
    this.#flight.apply(UPLOAD_SENT);
    this.#answerFinish();
  }

  uploadLengthBroken(): void {
    this.#flight.fail('ERR_BODY_LENGTH', undefined, 'upload');
  }

  bodyGone(): void {
    this.sourceFailed(bytesGone());
  }

  sourceEnded(): void {
    void this.finish();
  }

  sourceFailed(error: unknown): void {
    this.#flight.stop('ERR_CANCELLED', error, 'upload');
  }

  #answerFinish(): void {
    this.#finish?.resolve(this.#flight.state.upload === 'ended_by_caller');
  }

  #stopReading(): void {
    const { source } = this.#flight.request;
    if (this.#pump !== undefined) this.#pump.stop();
    else if (source !== undefined) giveUpUnread(source);
  }
}
