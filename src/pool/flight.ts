/**
 * One exchange from handle to terminal message: the record that stands in the pool's one map.
 *
 * It turns what happens (reports of the exchange, calls of the caller, deaths, deadlines) into
 * events of the lifecycle, keeps the state that comes out, and does what its effects say. It
 * decides nothing itself; its times, its upload and its response are kept beside it
 * (`pool/flight-clock`, `pool/flight-upload`, `pool/flight-response`).
 *
 * Invariants: `#apply` is the only place that assigns the state; the terminal message is made in
 * `#settle`, which the lifecycle reaches once; by then the record is out of the map, its slot is
 * free, and it has no listener, deadline or blocked sender left.
 */

import { isDead } from '../actors/caller-monitor.ts';
import type { ExchangeReports, Head, Transfer } from '../actors/carrier.ts';
import { bytesGone } from '../actors/chunk-bytes.ts';
import { isDispatcherGone, isForeignMisuse, mapForeignError } from '../actors/foreign-errors.ts';
import {
  type ExchangeEvent,
  type ExchangeState,
  initialState,
  isUploading,
  transition,
} from '../actors/request-lifecycle.ts';
import type { AsyncHandle } from '../async-handle.ts';
import type { ErrorCode, Phase } from '../errors.ts';
import type { DoneMessage, PoolResponse, ResponseHeaders, TerminalMessage } from '../messages.ts';
import type { ResolvedRequest } from '../options.ts';
import type { Applicant } from './admission.ts';
import { Delivery } from './delivery.ts';
import { FlightClock, type Timed } from './flight-clock.ts';
import { type Ending, FlightEnd, terminalOf } from './flight-end.ts';
import type { FlightHost } from './flight-host.ts';
import { type FlightFacts, failurePointOf } from './flight-outcome.ts';
import { FlightResponse, responseEnd } from './flight-response.ts';
import type { Row } from './flight-table.ts';
import { FlightUpload, type UploadKeeper } from './flight-upload.ts';
import { type HandleRecord, hasOwnReceiver } from './handle-record.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** A response that nobody wants is read this far, for the sake of its connection (C2). */
const DRAIN_BYTES = 16 * 1024 * 1024;

export class Flight implements Applicant, HandleRecord, ExchangeReports, UploadKeeper, Timed {
  readonly ref: string;
  readonly row: number;
  readonly host: FlightHost<Flight>;
  readonly request: ResolvedRequest;
  /** Its end, and who waits for it. */
  readonly end = new FlightEnd();
  /** `messages` loops that are running. */
  loops = 0;
  /** Kept while young, then weakly (see `pool/handles`). */
  handle: AsyncHandle | WeakRef<AsyncHandle> | undefined;
  /** These three are kept by `pool/admission`. */
  waiter: Applicant['waiter'];
  gate: Applicant['gate'];
  window = 0;

  #state: ExchangeState;
  readonly #clock: FlightClock;
  readonly #upload: FlightUpload | undefined;
  readonly #incoming = new FlightResponse();
  #worker: WorkerSlot | undefined;
  #transfer: Transfer | undefined;
  #delivery: Delivery | undefined;
  #drainedBytes = 0;
  #attempts = 0;
  #failure: { readonly phase: Phase } | undefined;
  #response: PoolResponse | undefined;

  constructor({ ref, row }: Row, request: ResolvedRequest, host: FlightHost<Flight>) {
    this.ref = ref;
    this.row = row;
    this.host = host;
    this.request = request;
    this.#clock = new FlightClock(this, host);
    const body = request.upload ? 'open' : request.bytes === undefined ? 'none' : 'buffered';
    this.#state = initialState(body);
    if (request.upload) {
      this.#upload = new FlightUpload(this);
      host.countUploads(1);
    }
    if (request.stream || request.replyTo !== undefined) {
      this.#delivery = new Delivery(this, request.window, request.replyTo);
    }
  }

  /** The worker it runs on, or ran on last. */
  get worker(): WorkerSlot | undefined {
    return this.#worker;
  }

  get state(): ExchangeState {
    return this.#state;
  }

  get isQueued(): boolean {
    return this.#state.type === 'queued';
  }

  /** Whether a response has begun. */
  get isAnswered(): boolean {
    return this.#incoming.head !== undefined;
  }

  get isSettled(): boolean {
    return this.#state.type === 'settled';
  }

  /**
   * Whether nobody would receive the end if the handle were gone (H8). Those who wait in `await`,
   * `receive` or a loop keep the handle, so with it gone there are none.
   */
  get isForHandle(): boolean {
    const state = this.#state;
    if (state.type === 'settled' || this.request.replyTo !== undefined) return false;
    return state.audience === 'listening';
  }

  /** The messages of the handle; a buffered exchange has its one message here too. */
  get delivery(): Delivery {
    if (this.#delivery === undefined) {
      this.#delivery = new Delivery(this, Number.POSITIVE_INFINITY, undefined);
      if (this.end.terminal !== undefined) this.#delivery.end(this.end.terminal);
    }
    return this.#delivery;
  }

  // --- what the pool does ---------------------------------------------------------------------

  /** Begins to wait for admission. */
  waitForAdmission(): void {
    this.#clock.queued();
  }

  /**
   * Whether it ends before it begins. A caller that many share dies for one after the other, and the
   * slot of the first must not be for the next: what is in the queue then is never sent (C6).
   */
  leftInTheQueue(): boolean {
    const { caller } = this.request;
    if (caller !== undefined && isDead(caller)) this.callerDied();
    return this.isSettled;
  }

  /** A worker has taken it: the request goes to its carrier. */
  start(worker: WorkerSlot): void {
    this.#worker = worker;
    worker.take(this.request.origin);
    if (isUploading(this.#state.upload)) worker.openUploads += 1;
    this.#attempts += 1;
    this.#apply(ADMITTED);
    this.#clock.dispatched();
    const transfer = worker.carrier?.transfer(this);
    this.#transfer = transfer;
    // After the call that asked has returned (H1), never from within a callback of undici, and
    // behind all that this turn reads: requests that leave together cost a quarter less.
    if (transfer !== undefined) setImmediate(() => this.#dispatch(transfer, worker));
  }

  /** The worker it runs on is gone. */
  workerDied(error: unknown): void {
    this.#apply({ type: 'worker_died', cause: error });
  }

  /** The worker it runs on starts nothing now: what it has not started by now moves on (W4). */
  workerStalled(): void {
    this.#transfer?.catchUp();
    if (this.#state.type === 'connecting') this.#apply(WORKER_STALLED);
  }

  /** Ends it with a code: cancel, overload, the end of the pool. */
  stop(code: ErrorCode, cause?: unknown): void {
    this.#apply({ type: 'stopped', code, cause });
  }

  /** Its caller is dead; so is a mailbox, which dies with its caller. `heard`: another receives. */
  callerDied(heard: boolean = hasOwnReceiver(this.request)): void {
    const { request } = this;
    const finishable =
      request.onCallerDeath === 'finish' &&
      (this.#upload === undefined || this.#upload.body.finishable);
    this.#apply({ type: 'caller_died', finishable, heard });
  }

  receiverDied(): void {
    this.#apply(RECEIVER_DIED);
  }

  // --- what the caller does -------------------------------------------------------------------

  sendBody(bytes: Uint8Array, owned: boolean, accepted = false): Promise<boolean> {
    if (this.#upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.#upload.body.write(bytes, owned, accepted);
  }

  finishBody(): Promise<boolean> {
    if (this.#upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.#upload.finish(this.#state.upload);
  }

  grant(bytes: number): void {
    if (this.isSettled || !this.request.stream) return;
    this.#delivery?.grant(bytes);
  }

  /** The response for `await`; the same each time (A2). */
  responseOf(done: DoneMessage): PoolResponse {
    this.#response ??=
      done.response ??
      this.#incoming.whole(responseEnd(this.request, done), this.#delivery?.takeBody());
    return this.#response;
  }

  /** `await` waits for the body; it is read for it where nobody else reads it (A1). */
  collectBody(): void {
    this.#delivery?.collect();
  }

  stopCollecting(): void {
    this.#delivery?.stopCollecting();
  }

  // --- what the exchange reports --------------------------------------------------------------

  get room(): number {
    return this.#delivery?.room ?? Number.POSITIVE_INFINITY;
  }

  started(): void {
    if (this.#upload === undefined) {
      this.#clock.sent();
      if (this.#worker !== undefined) this.#worker.bytesSent += this.request.bytes?.byteLength ?? 0;
    } else {
      this.#clock.moved();
    }
    this.#apply(STARTED);
  }

  headReceived(head: Head): void {
    this.#clock.headReceived();
    this.#incoming.head = head;
    this.#apply(HEAD_RECEIVED);
    if (this.gate?.adapts !== true) return;
    const { status, headers } = head;
    this.host.answered(this, { status, headers, latencyMs: this.#clock.latencyMs });
  }

  dataReceived(chunk: Uint8Array): void {
    const incoming = this.#incoming;
    this.#clock.moved();
    incoming.bytesReceived += chunk.byteLength;
    if (this.#worker !== undefined) this.#worker.bytesReceived += chunk.byteLength;
    const state = this.#state;
    if (state.type === 'settled') return;
    if (state.audience !== 'listening') {
      this.#drain(chunk.byteLength);
    } else if (incoming.bytesReceived > this.request.maxResponseBytes) {
      this.#apply({ type: 'failed', code: 'ERR_TOO_LARGE', cause: undefined });
    } else if (this.request.stream) {
      this.#delivery?.data(chunk);
    } else {
      incoming.keep(chunk);
    }
  }

  bodyGone(): void {
    this.sourceFailed(bytesGone());
  }

  responseEnded(trailers: ResponseHeaders): void {
    this.#incoming.trailers = trailers;
    this.#apply(this.#delivery?.holds === true ? ENDED_WHILE_HELD : ENDED);
  }

  exchangeFailed(error: unknown): void {
    if (isDispatcherGone(error) && this.#worker !== undefined) {
      this.host.workerFault(this.#worker, error);
      return;
    }
    const { code, phase } = mapForeignError(
      error,
      failurePointOf(this.#state, this.request.origin),
    );
    this.#failure = { phase };
    this.#apply({ type: 'failed', code, cause: error });
  }

  transportBroke(error: unknown): void {
    if (this.#worker !== undefined) this.host.workerFault(this.#worker, error);
  }

  // --- what the upload reports ----------------------------------------------------------------

  uploadProgressed(bytes: number): void {
    this.#clock.uploadMoved();
    if (this.#worker !== undefined) this.#worker.bytesSent += bytes;
  }

  uploadFinished(): void {
    this.#apply(UPLOAD_FINISHED);
  }

  uploadSent(): void {
    this.#clock.sent();
    this.#apply(UPLOAD_SENT);
    this.#upload?.sent(this.#state.upload);
  }

  uploadLengthBroken(): void {
    this.#failure = { phase: 'upload' };
    this.#apply({ type: 'failed', code: 'ERR_BODY_LENGTH', cause: undefined });
  }

  sourceEnded(): void {
    void this.#upload?.finish(this.#state.upload);
  }

  sourceFailed(error: unknown): void {
    this.#failure = { phase: 'upload' };
    this.#apply({ type: 'stopped', code: 'ERR_CANCELLED', cause: error });
  }

  // --- what delivery asks ---------------------------------------------------------------------

  pauseReading(): void {
    this.#transfer?.pause();
  }

  resumeReading(): void {
    this.#clock.measureThroughput();
    this.#transfer?.resume();
  }

  heldDelivered(): void {
    if (this.#state.type === 'ending') this.#apply(HELD_DELIVERED);
  }

  // --- what the clock says --------------------------------------------------------------------

  get bytesMoved(): number {
    return this.#incoming.bytesReceived + (this.#upload?.body.bytesSent ?? 0);
  }

  get isPaused(): boolean {
    return this.#delivery?.paused === true;
  }

  timedOut(code: ErrorCode): void {
    this.#apply({ type: 'failed', code, cause: undefined });
  }

  // --- the one place --------------------------------------------------------------------------

  #apply(event: ExchangeEvent): void {
    if (SUDDEN.has(event.type)) this.#transfer?.catchUp();
    if (this.#state.upload === 'buffered' && this.#bytesLeft(event)) this.#apply(UPLOAD_SENT);
    const before = this.#state;
    const { state, effects } = transition(before, event);
    if (state === before) return;
    this.#state = state;
    if (this.#upload !== undefined) this.#countUpload(before, state);
    for (const effect of effects) {
      switch (effect) {
        case 'deliver_head':
          this.#deliverHead();
          break;
        case 'mute':
          this.#incoming.drop();
          this.#delivery?.mute();
          break;
        case 'end_body':
          if (before.upload === 'open' && state.upload === 'abandoned') this.#upload?.abandon();
          break;
        case 'bound_drain':
          this.#clock.boundDrain();
          break;
        case 'requeue':
          this.#requeue();
          break;
        case 'abort':
          this.#abort();
          break;
        case 'cut_body':
          this.#upload?.cut(state.upload);
          break;
        case 'settle':
          this.#settle(before);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #dispatch(transfer: Transfer, worker: WorkerSlot): void {
    // Meanwhile it may have ended, or its worker died.
    if (worker.carrier === undefined || this.#transfer !== transfer || this.isSettled) return;
    try {
      transfer.dispatch(this.request, this.#upload?.body);
      if (!this.isSettled) this.#upload?.start();
    } catch (error) {
      if (isForeignMisuse(error)) {
        this.exchangeFailed(error);
        return;
      }
      // The one in whose hands it broke is not tried again on the next worker (W1).
      if (!isDispatcherGone(error)) {
        this.#failure = { phase: 'connect' };
        this.#apply({ type: 'failed', code: 'ERR_WORKER_DIED', cause: error });
      }
      this.host.workerFault(worker, error);
    }
  }

  /**
   * Bytes that the transport writes on its own: nobody tells when they have left. A peer that
   * answers has had them, and when the exchange fails it can be seen whether they are still there.
   */
  #bytesLeft({ type }: ExchangeEvent): boolean {
    if (this.#state.type !== 'waiting' || type === 'upload_sent') return false;
    return type === 'head_received' || this.#transfer?.flushed === true;
  }

  /** A transport that cannot even do this is broken (W1); the exchange ends all the same (H3). */
  #abort(): void {
    try {
      this.#transfer?.abort();
    } catch (error) {
      this.transportBroke(error);
    }
  }

  #drain(bytes: number): void {
    if (Number.isNaN(this.#clock.drainUntilMs)) return;
    this.#drainedBytes += bytes;
    if (this.#drainedBytes > DRAIN_BYTES) {
      this.#apply({ type: 'failed', code: 'ERR_TOO_LARGE', cause: undefined });
    }
  }

  #countUpload(before: ExchangeState, after: ExchangeState): void {
    const change = Number(isUploading(after.upload)) - Number(isUploading(before.upload));
    if (change === 0) return;
    this.host.countUploads(change);
    if (this.#worker !== undefined) this.#worker.openUploads += change;
  }

  #requeue(): void {
    const worker = this.#worker;
    this.#abort();
    this.#transfer = undefined;
    this.#worker = undefined;
    if (worker !== undefined) {
      worker.release(this.request.origin);
      if (isUploading(this.#state.upload)) worker.openUploads -= 1;
    }
    this.host.requeue(this);
  }

  #deliverHead(): void {
    if (!this.request.stream) return;
    const message = this.#incoming.statusMessage(this.ref);
    if (message !== undefined) this.#delivery?.status(message);
  }

  /**
   * The end, in an order that lets nobody see half of it: first the message is made, which can
   * fail; then the record leaves the map and its slot, so that whoever hears of the end finds it
   * over; then those who wait on the exchange are released; then the one message goes out; and last
   * others may have the slot, because admitting them runs their code. From the map on every step
   * is taken, whatever one before it throws: nobody waits for what has left the map.
   */
  #settle(before: ExchangeState): void {
    const state = this.#state;
    if (state.type !== 'settled') return;
    const end: Ending = { before, state, phase: this.#failure?.phase, incoming: this.#incoming };
    const terminal = terminalOf(this.#facts(), end);
    this.#worker?.release(this.request.origin);
    try {
      this.host.remove(this, terminal.type === 'done' ? 'done' : terminal.error.code);
      this.#clock.over();
      this.#upload?.cut(state.upload);
      if (DISCARDING.has(state.outcome)) this.#delivery?.discard();
    } finally {
      this.#tell(terminal);
    }
  }

  #tell(terminal: TerminalMessage): void {
    try {
      this.end.come(terminal, this.#delivery);
    } finally {
      this.#incoming.drop();
      this.host.settled(this);
    }
  }

  #bytesSent(): number {
    if (this.#upload !== undefined) return this.#upload.body.bytesSent;
    return Number.isNaN(this.#clock.sentMs) ? 0 : (this.request.bytes?.byteLength ?? 0);
  }

  #facts(): FlightFacts {
    return {
      ref: this.ref,
      request: this.request,
      times: this.#clock,
      nowMs: this.#clock.now(),
      transfer: this.#transfer,
      bytesSent: this.#bytesSent(),
      bytesReceived: this.#incoming.bytesReceived,
      worker: this.#worker?.id,
      attempts: this.#attempts,
      sent: this.#transfer?.headSent(this.#upload?.body) ?? false,
    };
  }
}

const ADMITTED: ExchangeEvent = { type: 'admitted' };
const STARTED: ExchangeEvent = { type: 'started' };
const HEAD_RECEIVED: ExchangeEvent = { type: 'head_received' };
const ENDED: ExchangeEvent = { type: 'response_ended', held: false };
const ENDED_WHILE_HELD: ExchangeEvent = { type: 'response_ended', held: true };
const HELD_DELIVERED: ExchangeEvent = { type: 'held_delivered' };
const UPLOAD_FINISHED: ExchangeEvent = { type: 'upload_finished' };
const UPLOAD_SENT: ExchangeEvent = { type: 'upload_sent' };
/** One that was not started moves, as from a worker that has died. */
const WORKER_STALLED: ExchangeEvent = { type: 'worker_died', cause: undefined };
const RECEIVER_DIED: ExchangeEvent = { type: 'receiver_died' };

/** What strikes an exchange without a report of its transfer before it. */
const SUDDEN: ReadonlySet<ExchangeEvent['type']> = new Set([
  'caller_died',
  'worker_died',
  'failed',
  'stopped',
]);

/** Whoever ends an exchange for its caller wants no more of it; what the world breaks off may still
 * be read as far as it came (X1). */
const DISCARDING: ReadonlySet<'done' | ErrorCode> = new Set(['ERR_CANCELLED', 'ERR_CALLER_DIED']);
