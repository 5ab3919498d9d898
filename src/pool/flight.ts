/**
 * One exchange from handle to terminal message: the record that stands in the pool's one map.
 *
 * Calls of the caller, reports of its attempt on a worker, deaths and deadlines become events of
 * its life; what follows from them is decided in `pool/flight-course` and done here. Its attempt,
 * times, upload and receiving side are kept beside it (`pool/flight-attempt`, `pool/flight-clock`,
 * `pool/flight-upload`, `pool/flight-incoming`).
 *
 * Invariants: the terminal message is made in `settle`, which the lifecycle reaches once; by then
 * the record is out of the map, its slot is free, and it has no listener, deadline or blocked
 * sender left.
 */

import { isDead } from '../actors/caller-monitor.ts';
import type { Head } from '../actors/carrier.ts';
import { type ExchangeState, isUploading } from '../actors/request-lifecycle.ts';
import type { AsyncHandle } from '../async-handle.ts';
import type { ErrorCode, Phase } from '../errors.ts';
import type { DoneMessage, PoolResponse, TerminalMessage } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { Applicant } from './admission.ts';
import type { Delivery } from './delivery.ts';
import { type Attempted, FlightAttempt } from './flight-attempt.ts';
import { FlightClock, type Timed } from './flight-clock.ts';
import { FlightCourse } from './flight-course.ts';
import { type Ending, FlightEnd, terminalOf } from './flight-end.ts';
import * as events from './flight-events.ts';
import type { FlightHost } from './flight-host.ts';
import { FlightIncoming, type Receiving } from './flight-incoming.ts';
import { factsOf } from './flight-outcome.ts';
import type { Row } from './flight-table.ts';
import { FlightUpload, type Uploading } from './flight-upload.ts';
import { type HandleRecord, hasOwnReceiver } from './handle-record.ts';
import type { WorkerSlot } from './worker-slot.ts';

export class Flight
  extends FlightCourse
  implements Applicant, HandleRecord, Attempted, Uploading, Receiving, Timed
{
  readonly ref: string;
  readonly row: number;
  readonly host: FlightHost<Flight>;
  readonly request: ResolvedRequest;
  /** Its end, and who waits for it. */
  readonly end = new FlightEnd();
  readonly clock: FlightClock;
  readonly upload: FlightUpload | undefined;
  readonly incoming: FlightIncoming;
  /** On the worker it runs on, or ran on last. */
  attempt: FlightAttempt | undefined;
  attempts = 0;
  /** `messages` loops that are running. */
  loops = 0;
  /** Kept while young, then weakly (see `pool/handles`). */
  handle: AsyncHandle | WeakRef<AsyncHandle> | undefined;
  /** These three are kept by `pool/admission`. */
  waiter: Applicant['waiter'];
  gate: Applicant['gate'];
  window = 0;

  /** Where it failed, where that is known better than from the state. */
  #failedIn: Phase | undefined;

  constructor({ ref, row }: Row, request: ResolvedRequest, host: FlightHost<Flight>) {
    super(request.upload ? 'open' : request.bytes === undefined ? 'none' : 'buffered');
    this.ref = ref;
    this.row = row;
    this.host = host;
    this.request = request;
    this.clock = new FlightClock(this, host);
    this.incoming = new FlightIncoming(this);
    if (request.upload) {
      this.upload = new FlightUpload(this);
      host.countUploads(1);
    }
  }

  /** The worker it runs on, or ran on last. */
  get worker(): WorkerSlot | undefined {
    return this.attempt?.worker;
  }

  /** Whether a response has begun. */
  get isAnswered(): boolean {
    return this.incoming.response.head !== undefined;
  }

  /**
   * Whether nobody would receive the end if the handle were gone (H8). Those who wait in `await`,
   * `receive` or a loop keep the handle, so with it gone there are none.
   */
  get isForHandle(): boolean {
    const { state } = this;
    if (state.type === 'settled' || this.request.replyTo !== undefined) return false;
    return state.audience === 'listening';
  }

  /** The messages of the handle. */
  get delivery(): Delivery {
    return this.incoming.delivery;
  }

  // --- what the pool does ---------------------------------------------------------------------

  /** Begins to wait for admission. */
  waitForAdmission(): void {
    this.clock.queued();
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

  /** A worker has taken it. */
  start(worker: WorkerSlot): void {
    this.attempt = new FlightAttempt(this, worker);
    this.attempts += 1;
    this.apply(events.ADMITTED);
    this.clock.dispatched();
    this.attempt.depart();
  }

  /** The worker it runs on is gone. */
  workerDied(error: unknown): void {
    this.apply({ type: 'worker_died', cause: error });
  }

  /** The worker it runs on starts nothing now: what it has not started by now moves on (W2, W4). */
  workerHalted(): void {
    this.catchUp();
    if (this.state.type === 'connecting') this.apply(events.WORKER_HALTED);
  }

  /** Ends it with a code: cancel, overload, the end of the pool. */
  stop(code: ErrorCode, cause?: unknown, phase?: Phase): void {
    this.#failedIn = phase;
    this.apply({ type: 'stopped', code, cause });
  }

  /** The world failed: the transport, a deadline, a length. */
  fail(code: ErrorCode, cause: unknown, phase?: Phase): void {
    this.#failedIn = phase;
    this.apply({ type: 'failed', code, cause });
  }

  /** Its caller is dead; so is a mailbox, which dies with its caller. `heard`: another receives. */
  callerDied(heard: boolean = hasOwnReceiver(this.request)): void {
    const { request, upload } = this;
    const canEnd = upload === undefined || upload.body.finishable;
    const finishable = request.onCallerDeath === 'finish' && canEnd;
    this.apply({ type: 'caller_died', finishable, heard });
  }

  receiverDied(): void {
    this.apply(events.RECEIVER_DIED);
  }

  // --- what the caller does -------------------------------------------------------------------

  sendBody(bytes: Uint8Array, owned: boolean, accepted = false): Promise<boolean> {
    if (this.upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.upload.write(bytes, owned, accepted);
  }

  finishBody(): Promise<boolean> {
    if (this.upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.upload.finish();
  }

  grant(bytes: number): void {
    this.incoming.grant(bytes);
  }

  responseOf(done: DoneMessage): PoolResponse {
    return this.incoming.whole(done);
  }

  collectBody(): void {
    this.incoming.collect();
  }

  stopCollecting(): void {
    this.incoming.stopCollecting();
  }

  // --- what its attempt tells -----------------------------------------------------------------

  answered(head: Head): void {
    this.incoming.begin(head);
    if (this.gate?.adapts !== true) return;
    const { status, headers } = head;
    this.host.answered(this, { status, headers, latencyMs: this.clock.latencyMs });
  }

  // --- what the clock says --------------------------------------------------------------------

  get bytesMoved(): number {
    return this.incoming.response.bytesReceived + (this.upload?.body.bytesSent ?? 0);
  }

  get isPaused(): boolean {
    return this.incoming.isPaused;
  }

  timedOut(code: ErrorCode): void {
    this.fail(code, undefined);
  }

  // --- what follows from it -------------------------------------------------------------------

  protected catchUp(): void {
    this.attempt?.transfer?.catchUp();
  }

  protected get isFlushed(): boolean {
    return this.attempt?.transfer?.flushed === true;
  }

  protected stateChanged(before: ExchangeState): void {
    if (this.upload === undefined) return;
    const change = Number(isUploading(this.state.upload)) - Number(isUploading(before.upload));
    if (change === 0) return;
    this.host.countUploads(change);
    this.attempt?.countUploads(change);
  }

  protected deliverHead(): void {
    this.incoming.announce();
  }

  protected mute(): void {
    this.incoming.mute();
  }

  protected endBody(before: ExchangeState): void {
    if (before.upload === 'open' && this.state.upload === 'abandoned') this.upload?.abandon();
  }

  protected boundDrain(): void {
    this.clock.boundDrain();
  }

  protected requeue(): void {
    const { attempt } = this;
    attempt?.abort();
    this.attempt = undefined;
    attempt?.leave();
    attempt?.countUploads(-Number(isUploading(this.state.upload)));
    this.host.requeue(this);
  }

  protected abort(): void {
    this.attempt?.abort();
  }

  protected cutBody(): void {
    this.upload?.cut();
  }

  /**
   * The end, in an order that lets nobody see half of it: first the message is made, which can
   * fail; then the record leaves the map and its slot, so that whoever hears of the end finds it
   * over; then those who wait on the exchange are released; then the one message goes out; and last
   * others may have the slot, because admitting them runs their code. From the map on every step
   * is taken, whatever one before it throws: nobody waits for what has left the map.
   */
  protected settle(before: ExchangeState): void {
    const { state, incoming } = this;
    if (state.type !== 'settled') return;
    const phase = this.#failedIn;
    const ending: Ending = { before, state, phase, incoming: incoming.response };
    const terminal = terminalOf(factsOf(this), ending);
    this.attempt?.leave();
    try {
      this.host.remove(this, terminal.type === 'done' ? 'done' : terminal.error.code);
      this.clock.over();
      this.cutBody();
      if (DISCARDING.has(state.outcome)) incoming.discard();
    } finally {
      this.#tell(terminal);
    }
  }

  #tell(terminal: TerminalMessage): void {
    try {
      this.end.come(terminal, this.incoming);
    } finally {
      this.incoming.response.drop();
      this.host.settled(this);
    }
  }
}

/** Whoever ends an exchange for its caller wants no more of it; what the world breaks off may still
 * be read as far as it came (X1). */
const DISCARDING: ReadonlySet<'done' | ErrorCode> = new Set(['ERR_CANCELLED', 'ERR_CALLER_DIED']);
