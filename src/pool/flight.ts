/**
 * One exchange from handle to terminal message: the record that stands in the pool's one map.
 *
 * It turns what happens (reports of the exchange, calls of the caller, deaths, deadlines) into
 * events of the lifecycle, keeps the state that comes out, and does what its effects say. It
 * decides nothing itself.
 *
 * Invariants: `#apply` is the only place that assigns the state; the terminal message is made in
 * `#settle`, which the lifecycle reaches once; by then the record is out of the map, its slot is
 * free, and it has no listener, deadline or blocked sender left.
 */

import { Exchange, type ExchangeReports, type Head } from '../actors/exchange.ts';
import { isDispatcherGone, isForeignMisuse, mapForeignError } from '../actors/foreign-errors.ts';
import {
  type ExchangeEvent,
  type ExchangeState,
  initialState,
  isUploading,
  transition,
} from '../actors/request-lifecycle.ts';
import { UploadBody } from '../actors/upload-body.ts';
import type { AsyncHandle } from '../async-handle.ts';
import type { ErrorCode, Phase } from '../errors.ts';
import type {
  Metrics,
  PoolResponse,
  ResponseHeaders,
  TerminalMessage,
  UploadOutcome,
} from '../messages.ts';
import type { ResolvedRequest } from '../options.ts';
import { BodyPump } from './body-pump.ts';
import { type Deadline, UNSET_DEADLINE } from './deadlines.ts';
import { Delivery } from './delivery.ts';
import { newTimes, nextTimeout } from './flight-deadlines.ts';
import type { FlightHost } from './flight-host.ts';
import {
  errorOf,
  type FlightFacts,
  failurePointOf,
  metricsOf,
  uploadOutcomeOf,
} from './flight-outcome.ts';
import type { Row } from './flight-table.ts';
import { BufferedResponse, decodeRawHeaders, joinChunks } from './response.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** A response that nobody wants is read this far, for the sake of its connection (C2). */
const DRAIN_BYTES = 16 * 1024 * 1024;
/** And for this long after the last byte of the request. */
const DRAIN_MS = 30_000;

export type Waiter = (terminal: TerminalMessage) => void;

export class Flight implements ExchangeReports, Deadline {
  readonly ref: string;
  readonly row: number;
  readonly host: FlightHost<Flight>;
  readonly request: ResolvedRequest;
  /** Set once, when the exchange has ended. */
  terminal: TerminalMessage | undefined;
  /** `messages` loops that are running. */
  loops = 0;

  /** Kept while young, then weakly (see `pool/handles`). */
  handle: AsyncHandle | WeakRef<AsyncHandle> | undefined;

  dueMs: number = UNSET_DEADLINE.dueMs;
  slot: number = UNSET_DEADLINE.slot;
  next: Deadline | undefined;
  previous: Deadline | undefined;

  #state: ExchangeState;
  readonly #times;
  #worker: WorkerSlot | undefined;
  #exchange: Exchange | undefined;
  readonly #upload: UploadBody | undefined;
  #pump: BodyPump | undefined;
  #delivery: Delivery | undefined;
  #head: Head | undefined;
  #trailers: ResponseHeaders = NO_TRAILERS;
  #chunks: Uint8Array[] = [];
  #bytesReceived = 0;
  #drainedBytes = 0;
  #attempts = 0;
  #failure: { readonly phase: Phase } | undefined;
  #waiters: Waiter[] | undefined;
  #finish:
    | { readonly promise: Promise<boolean>; readonly answer: (whole: boolean) => void }
    | undefined;
  #response: PoolResponse | undefined;

  constructor({ ref, row }: Row, request: ResolvedRequest, host: FlightHost<Flight>) {
    this.ref = ref;
    this.row = row;
    this.host = host;
    this.request = request;
    this.#times = newTimes(host.clock.now());
    const body = request.upload ? 'open' : request.bytes === undefined ? 'none' : 'buffered';
    this.#state = initialState(body);
    if (request.upload) {
      this.#upload = new UploadBody({
        limit: request.uploadBuffer,
        contentLength: request.contentLength,
        observer: this,
      });
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
      if (this.terminal !== undefined) this.#delivery.end(this.terminal);
    }
    return this.#delivery;
  }

  // --- what the pool does ---------------------------------------------------------------------

  /** Begins to wait for admission; its queue timeout runs from here. */
  waitForAdmission(): void {
    const { request, host } = this;
    this.#times.queuedMs = host.clock.now();
    if (request.queueTimeoutMs !== Number.POSITIVE_INFINITY) {
      host.deadlines.set(this, this.#times.queuedMs + request.queueTimeoutMs);
    }
  }

  /** A worker has taken it: the other clock starts, and the request goes to the dispatcher. */
  start(worker: WorkerSlot): void {
    const { request, host } = this;
    const times = this.#times;
    const nowMs = host.clock.now();
    if (Number.isNaN(times.admittedMs)) times.admittedMs = nowMs;
    times.dispatchedMs = nowMs;
    times.movedMs = nowMs;
    this.#worker = worker;
    worker.inFlight += 1;
    if (isUploading(this.#state.upload)) worker.openUploads += 1;
    this.#attempts += 1;
    this.#apply(ADMITTED);
    const limitMs = Math.min(request.timeoutMs, request.connectTimeoutMs, request.idleTimeoutMs);
    host.deadlines.set(this, Math.min(nowMs + limitMs, times.admittedMs + request.timeoutMs));
    const exchange = new Exchange(this);
    this.#exchange = exchange;
    // After the call that asked has returned (H1), and never from within a callback of undici.
    queueMicrotask(() => this.#dispatch(exchange, worker));
  }

  /** The worker it runs on is gone. */
  workerDied(error: unknown): void {
    this.#apply({ type: 'worker_died', cause: error });
  }

  /** Ends it with a code: cancel, overload, the end of the pool. */
  stop(code: ErrorCode, cause?: unknown): void {
    this.#apply({ type: 'stopped', code, cause });
  }

  /** Its caller is dead; so is a mailbox, which dies with its caller. */
  callerDied(): void {
    const { request } = this;
    const finishable =
      request.onCallerDeath === 'finish' && (this.#upload === undefined || this.#upload.finishable);
    this.#apply({ type: 'caller_died', finishable, heard: this.#hasOwnReceiver() });
  }

  receiverDied(): void {
    this.#apply(RECEIVER_DIED);
  }

  // --- what the caller does -------------------------------------------------------------------

  sendBody(bytes: Uint8Array, owned: boolean): Promise<boolean> {
    if (this.#upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.#upload.write(bytes, owned);
  }

  finishBody(): Promise<boolean> {
    if (this.#upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.#finishUpload();
  }

  grant(bytes: number): void {
    if (this.isSettled || !this.request.stream) return;
    this.#delivery?.grant(bytes);
  }

  /** Calls back with the terminal message, at once when there is one. */
  whenEnded(waiter: Waiter): void {
    if (this.terminal !== undefined) {
      waiter(this.terminal);
      return;
    }
    if (this.#waiters === undefined) this.#waiters = [waiter];
    else this.#waiters.push(waiter);
  }

  /** A waiter that no longer waits. */
  forgetWaiter(waiter: Waiter): void {
    const index = this.#waiters?.indexOf(waiter) ?? -1;
    if (index >= 0) this.#waiters?.splice(index, 1);
  }

  /** The response for `await`; the same each time (A2). */
  responseOf(terminal: TerminalMessage & { readonly type: 'done' }): PoolResponse {
    this.#response ??=
      terminal.response ??
      this.#makeResponse(
        joinChunks(this.#delivery?.takeBody() ?? []),
        terminal.metrics,
        terminal.upload,
      );
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

  started(): void {
    const nowMs = this.host.clock.now();
    this.#times.movedMs = nowMs;
    if (this.#upload === undefined) {
      this.#noteSent(nowMs);
      if (this.#worker !== undefined) this.#worker.bytesSent += this.request.bytes?.byteLength ?? 0;
    }
    this.#apply(STARTED);
  }

  headReceived(head: Head): void {
    const times = this.#times;
    times.headMs = this.host.clock.now();
    times.movedMs = times.headMs;
    this.#head = head;
    if (this.request.minThroughput !== undefined) this.#measureThroughput(times.headMs);
    this.#apply(HEAD_RECEIVED);
  }

  dataReceived(chunk: Uint8Array): void {
    this.#times.movedMs = this.host.clock.now();
    this.#bytesReceived += chunk.byteLength;
    if (this.#worker !== undefined) this.#worker.bytesReceived += chunk.byteLength;
    const state = this.#state;
    if (state.type === 'settled') return;
    if (state.audience !== 'listening') {
      this.#drain(chunk.byteLength);
    } else if (this.#bytesReceived > this.request.maxResponseBytes) {
      this.#apply({ type: 'failed', code: 'ERR_TOO_LARGE', cause: undefined });
    } else if (this.request.stream) {
      this.#delivery?.data(chunk);
    } else {
      this.#chunks.push(chunk);
    }
  }

  responseEnded(trailers: ResponseHeaders): void {
    this.#trailers = trailers;
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

  // --- what the upload reports ----------------------------------------------------------------

  uploadProgressed(bytes: number): void {
    const times = this.#times;
    times.movedMs = this.host.clock.now();
    // What was accepted is owed to the peer, however slowly it takes it (C2).
    if (!Number.isNaN(times.drainUntilMs)) times.drainUntilMs = times.movedMs + DRAIN_MS;
    if (this.#worker !== undefined) this.#worker.bytesSent += bytes;
  }

  uploadSent(): void {
    this.#noteSent(this.host.clock.now());
    this.#apply(UPLOAD_SENT);
    const state = this.#state;
    this.#finish?.answer(state.upload === 'ended_by_caller');
  }

  uploadLengthBroken(): void {
    this.#failure = { phase: 'upload' };
    this.#apply({ type: 'failed', code: 'ERR_BODY_LENGTH', cause: undefined });
  }

  sourceEnded(): void {
    void this.#finishUpload();
  }

  sourceFailed(error: unknown): void {
    this.#failure = { phase: 'upload' };
    this.#apply({ type: 'stopped', code: 'ERR_CANCELLED', cause: error });
  }

  // --- what delivery asks ---------------------------------------------------------------------

  pauseReading(): void {
    this.#exchange?.pause();
  }

  resumeReading(): void {
    if (this.request.minThroughput !== undefined) this.#measureThroughput(this.host.clock.now());
    this.#exchange?.resume();
  }

  heldDelivered(): void {
    if (this.#state.type === 'ending') this.#apply(HELD_DELIVERED);
  }

  // --- what the clock says --------------------------------------------------------------------

  expire(nowMs: number): void {
    const due = nextTimeout(this.#state, this.#times, this.request);
    if (due.dueMs > nowMs) {
      this.host.deadlines.set(this, due.dueMs);
    } else if (due.isThroughput && this.#movedEnough()) {
      this.#measureThroughput(nowMs);
      this.host.deadlines.set(this, nextTimeout(this.#state, this.#times, this.request).dueMs);
    } else {
      this.#apply({ type: 'failed', code: due.code, cause: undefined });
    }
  }

  // --- the one place --------------------------------------------------------------------------

  #apply(event: ExchangeEvent): void {
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
          this.#chunks = [];
          this.#delivery?.mute();
          break;
        case 'end_body':
          if (before.upload === 'open' && state.upload === 'abandoned') {
            this.#pump?.stop();
            this.#upload?.abandon();
          }
          break;
        case 'bound_drain':
          this.#boundDrain();
          break;
        case 'requeue':
          this.#requeue();
          break;
        case 'abort':
          this.#exchange?.abort();
          break;
        case 'cut_body':
          this.#cutBody();
          break;
        case 'settle':
          this.#settle(before);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #dispatch(exchange: Exchange, worker: WorkerSlot): void {
    const { dispatcher } = worker;
    const { source } = this.request;
    // Meanwhile it may have ended, or its worker died.
    if (dispatcher === undefined || this.#exchange !== exchange || this.isSettled) return;
    try {
      exchange.dispatch(dispatcher, this.request, this.#upload);
      if (source !== undefined && this.#pump === undefined) this.#startPump(source);
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
    return type === 'head_received' || this.#exchange?.flushed === true;
  }

  #startPump(source: NonNullable<ResolvedRequest['source']>): void {
    if (this.#upload === undefined || this.isSettled) return;
    try {
      this.#pump = new BodyPump(source, this.#upload, this);
    } catch (error) {
      this.sourceFailed(error);
      return;
    }
    void this.#pump.run();
  }

  #finishUpload(): Promise<boolean> {
    if (this.#finish !== undefined) return this.#finish.promise;
    if (this.isSettled) return Promise.resolve(this.#state.upload === 'ended_by_caller');
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#finish = { promise, answer: resolve };
    if (this.#state.upload !== 'open') {
      if (this.#state.upload !== 'finishing') resolve(false);
      return promise;
    }
    // The transport reports the end of the body in a later tick, so it finds the state finished.
    if (this.#upload?.finish() === true) this.#apply(UPLOAD_FINISHED);
    return promise;
  }

  #noteSent(nowMs: number): void {
    this.#times.sentMs = nowMs;
    // The end of a body is on the wire too; or `idleTimeout` would come before `headersTimeout`.
    this.#times.movedMs = nowMs;
    if (this.#state.type === 'connecting' || this.#state.type === 'waiting') {
      this.host.deadlines.set(this, nowMs + this.request.headersTimeoutMs);
    }
  }

  #measureThroughput(nowMs: number): void {
    const { minThroughput } = this.request;
    if (minThroughput === undefined) return;
    this.#times.throughputMs = nowMs;
    this.#times.throughputBytes = this.#bytesMoved();
    this.host.deadlines.set(this, nowMs + minThroughput.interval);
  }

  /** A peer that is not being read cannot be slow. */
  #movedEnough(): boolean {
    if (this.#delivery?.paused === true) return true;
    const moved = this.#bytesMoved() - this.#times.throughputBytes;
    return moved >= (this.request.minThroughput?.bytes ?? 0);
  }

  #bytesMoved(): number {
    return this.#bytesReceived + (this.#upload?.bytesSent ?? 0);
  }

  #drain(bytes: number): void {
    if (Number.isNaN(this.#times.drainUntilMs)) return;
    this.#drainedBytes += bytes;
    if (this.#drainedBytes > DRAIN_BYTES) {
      this.#apply({ type: 'failed', code: 'ERR_TOO_LARGE', cause: undefined });
    }
  }

  #boundDrain(): void {
    if (this.isSettled) return;
    this.#times.drainUntilMs = this.host.clock.now() + DRAIN_MS;
    this.host.deadlines.set(this, this.#times.drainUntilMs);
  }

  #countUpload(before: ExchangeState, after: ExchangeState): void {
    const change = Number(isUploading(after.upload)) - Number(isUploading(before.upload));
    if (change === 0) return;
    this.host.countUploads(change);
    if (this.#worker !== undefined) this.#worker.openUploads += change;
  }

  /** Releases whoever sends or finishes: nothing more of the body goes out (U3, U4). */
  #cutBody(): void {
    this.#pump?.stop();
    this.#upload?.close();
    this.#finish?.answer(this.#state.upload === 'ended_by_caller');
  }

  #hasOwnReceiver(): boolean {
    const { replyTo, caller } = this.request;
    return replyTo !== undefined && (replyTo as unknown) !== (caller as unknown);
  }

  #requeue(): void {
    const worker = this.#worker;
    this.#exchange?.abort();
    this.#exchange = undefined;
    this.#worker = undefined;
    if (worker !== undefined) {
      worker.inFlight -= 1;
      if (isUploading(this.#state.upload)) worker.openUploads -= 1;
    }
    this.host.requeue(this);
  }

  #deliverHead(): void {
    const head = this.#head;
    if (!this.request.stream || head === undefined) return;
    this.#delivery?.status({
      type: 'status',
      ref: this.ref,
      status: head.status,
      headers: head.headers,
      rawHeaders: decodeRawHeaders(head.raw),
      httpVersion: head.httpVersion,
    });
  }

  /**
   * The end, in an order that lets nobody see half of it: first the record leaves the map and its
   * slot, so that whoever hears of the end finds it over; then those who wait on the exchange are
   * released; then the one message goes out; and last others may have the slot, because admitting
   * them runs their code.
   */
  #settle(before: ExchangeState): void {
    const state = this.#state;
    if (state.type !== 'settled') return;
    const worker = this.#worker;
    if (worker !== undefined) worker.inFlight -= 1;
    this.host.remove(this, state.outcome);
    this.host.deadlines.clear(this);
    this.#cutBody();
    const terminal = this.#makeTerminal(before, state);
    this.terminal = terminal;
    if (DISCARDING.has(state.outcome)) this.#delivery?.discard();
    this.#delivery?.end(terminal);
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter(terminal);
    this.#chunks = [];
    this.host.settled(this);
  }

  #makeTerminal(
    before: ExchangeState,
    state: ExchangeState & { readonly type: 'settled' },
  ): TerminalMessage {
    const facts = this.#facts();
    const metrics = metricsOf(facts);
    const upload = uploadOutcomeOf(state.upload, facts.bytesSent);
    const { ref } = this;
    if (state.outcome !== 'done') {
      const { outcome: code, cause } = state;
      const error = errorOf(facts, { before, code, cause, phase: this.#failure?.phase });
      return { type: 'error', ref, error, upload, metrics };
    }
    const done = { type: 'done', ref, trailers: this.#trailers, upload, metrics } as const;
    if (this.request.stream) return done;
    return { ...done, response: this.#makeResponse(joinChunks(this.#chunks), metrics, upload) };
  }

  #makeResponse(
    body: Uint8Array,
    metrics: Metrics,
    upload: UploadOutcome | undefined,
  ): PoolResponse {
    const head = this.#head;
    return new BufferedResponse({
      ref: this.ref,
      status: head?.status ?? 0,
      headers: head?.headers ?? NO_TRAILERS,
      raw: head?.raw,
      trailers: this.#trailers,
      body,
      httpVersion: head?.httpVersion ?? '1.1',
      url: this.request.url,
      upload,
      metrics,
    });
  }

  #bytesSent(): number {
    if (this.#upload !== undefined) return this.#upload.bytesSent;
    return Number.isNaN(this.#times.sentMs) ? 0 : (this.request.bytes?.byteLength ?? 0);
  }

  #facts(): FlightFacts {
    return {
      ref: this.ref,
      request: this.request,
      times: this.#times,
      nowMs: this.host.clock.now(),
      exchange: this.#exchange,
      bytesSent: this.#bytesSent(),
      bytesReceived: this.#bytesReceived,
      worker: this.#worker?.id,
      attempts: this.#attempts,
      sent: this.#exchange?.headSent(this.#upload) ?? false,
    };
  }
}

const NO_TRAILERS: ResponseHeaders = Object.freeze({});
const ADMITTED: ExchangeEvent = { type: 'admitted' };
const STARTED: ExchangeEvent = { type: 'started' };
const HEAD_RECEIVED: ExchangeEvent = { type: 'head_received' };
const ENDED: ExchangeEvent = { type: 'response_ended', held: false };
const ENDED_WHILE_HELD: ExchangeEvent = { type: 'response_ended', held: true };
const HELD_DELIVERED: ExchangeEvent = { type: 'held_delivered' };
const UPLOAD_FINISHED: ExchangeEvent = { type: 'upload_finished' };
const UPLOAD_SENT: ExchangeEvent = { type: 'upload_sent' };
const RECEIVER_DIED: ExchangeEvent = { type: 'receiver_died' };

/** Whoever ends an exchange for its caller wants no more of it; what the world breaks off may still
 * be read as far as it came (X1). */
const DISCARDING: ReadonlySet<'done' | ErrorCode> = new Set(['ERR_CANCELLED', 'ERR_CALLER_DIED']);
