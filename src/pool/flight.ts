/**
 * One exchange from handle to terminal message: the record that stands in the pool's one map.
 *
 * Calls of the caller, reports of its attempt on a worker, deaths and deadlines become events of
 * its life; what follows from them is decided in `pool/flight-course` and done in
 * `pool/flight-effects`. Its attempt, times, upload and receiving side are kept beside it
 * (`pool/flight-attempt`, `pool/flight-clock`, `pool/flight-upload`, `pool/flight-incoming`).
 *
 * Invariant: what a call finds is where the exchange stands now; one that comes after the end finds
 * the end, and changes nothing.
 */

import { isDead } from '../actors/caller-monitor.ts';
import type { Head } from '../actors/carrier.ts';
import type { AsyncHandle } from '../async-handle.ts';
import type { ErrorCode, Phase } from '../errors.ts';
import type { DoneMessage, PoolResponse } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { Applicant } from './admission.ts';
import type { Delivery } from './delivery.ts';
import { type Attempted, FlightAttempt } from './flight-attempt.ts';
import { FlightClock, type Timed } from './flight-clock.ts';
import { FlightEffects } from './flight-effects.ts';
import { FlightEnd } from './flight-end.ts';
import * as events from './flight-events.ts';
import type { FlightHost } from './flight-host.ts';
import { FlightIncoming, type Receiving } from './flight-incoming.ts';
import type { Row } from './flight-table.ts';
import { FlightUpload, type Uploading } from './flight-upload.ts';
import { type HandleRecord, hasOwnReceiver } from './handle-record.ts';
import type { WorkerSlot } from './worker-slot.ts';

export class Flight
  extends FlightEffects
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
  /** `messages` loops that are running. */
  loops = 0;
  /** Kept while young, then weakly (see `pool/handles`). */
  handle: AsyncHandle | WeakRef<AsyncHandle> | undefined;
  /** These three are kept by `pool/admission`. */
  waiter: Applicant['waiter'];
  gate: Applicant['gate'];
  window = 0;

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
    this.failedIn = phase;
    this.apply({ type: 'stopped', code, cause });
  }

  /** The world failed: the transport, a deadline, a length. */
  fail(code: ErrorCode, cause: unknown, phase?: Phase): void {
    this.failedIn = phase;
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

  get allowedLagBytes(): number {
    // A peer that is not read cannot be slow.
    if (this.incoming.isPaused) return Number.POSITIVE_INFINITY;
    return this.isAnswered ? 0 : (this.upload?.allowedLagBytes ?? 0);
  }

  timedOut(code: ErrorCode): void {
    this.fail(code, undefined);
  }
}
