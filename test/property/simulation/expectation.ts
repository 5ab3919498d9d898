/**
 * What must become of one exchange, told by the contract and by what was done to it: the model.
 *
 * It is told of each thing that happens, in its order. The first that forces an end decides
 * `outcome`, and the pool has to agree at once. Timeouts decide nothing here: `ExpectedTimes` says
 * when one may end the exchange, and when it must have.
 */

import type { ErrorCode, UploadOutcome } from '../../../src/index.ts';
import { ExpectedThroughput } from './expected-throughput.ts';
import { ExpectedTimes } from './expected-times.ts';
import type { Plan } from './plan.ts';

export type Outcome = 'done' | ErrorCode;

export class Expectation {
  outcome: Outcome | undefined;
  /** Who has ended the upload; `undefined` while it is open, or without one. */
  endedBy: UploadOutcome['endedBy'] | undefined;
  audience: 'listening' | 'orphaned' | 'deaf' = 'listening';
  /** The response is complete, a part of it waits for credit. */
  ending = false;
  /** Whether its peer moved too little. */
  wasTooSlow = false;
  started = false;
  headed = false;
  /** The pool ends it with this code, unless a timeout that fell due with it came first. */
  stopDue: ErrorCode | undefined;
  readonly times: ExpectedTimes;
  readonly throughput: ExpectedThroughput;
  readonly #plan: Plan;
  #finished = false;
  #accepted = 0;

  constructor(plan: Plan, now: () => number) {
    this.#plan = plan;
    this.times = new ExpectedTimes(plan.request, now);
    this.throughput = new ExpectedThroughput(plan.request.minThroughput, now);
  }

  /** Whether its body goes through the upload channel and is not handed over whole. */
  get uploading(): boolean {
    const { body } = this.#plan;
    return (body === 'upload' || body === 'source') && this.endedBy === undefined;
  }

  // --- on the way -----------------------------------------------------------------------------

  hasStarted(): void {
    this.started = true;
    const { body } = this.#plan;
    if (body === 'none' || body === 'bytes') this.times.sent();
    else this.times.moved();
  }

  /** The upload is handed over, its end included. */
  uploaded(): void {
    if (this.endedBy !== undefined) return;
    this.endedBy = this.audience === 'orphaned' ? 'caller_death' : 'caller';
    this.times.sent();
    if (this.audience === 'deaf') this.times.boundDrain();
  }

  headReceived(): void {
    this.headed = true;
    this.times.moved();
    this.throughput.begin();
    // Who answers has had the bytes that the transport wrote on its own.
    if (this.#plan.body === 'bytes') this.endedBy ??= 'caller';
  }

  /** A chunk of the response, with which it may be longer than `maxResponseBytes`. */
  received(bytes: number, tooLong: boolean): void {
    this.times.moved();
    this.throughput.received(bytes);
    if (tooLong && this.audience === 'listening') this.failed('ERR_TOO_LARGE');
  }

  /** `held`: bytes of it wait for credit. */
  responseEnded(held: boolean): void {
    if (this.outcome !== undefined) return;
    if (this.audience === 'listening' && held) {
      this.ending = true;
      if (this.uploading) this.endedBy = 'response';
      return;
    }
    this.#decide(this.#codeFor('done'), 'response');
  }

  heldDelivered(): void {
    if (this.ending) this.#decide('done', 'response');
  }

  // --- what ends it ---------------------------------------------------------------------------

  failed(code: ErrorCode): void {
    this.#decide(this.#codeFor(code), 'failure');
  }

  stopped(code: ErrorCode): void {
    this.#decide(code, code === 'ERR_CALLER_DIED' ? 'caller_death' : 'failure');
  }

  workerDied(): void {
    if (this.ending) return;
    if (this.started) this.#decide('ERR_WORKER_DIED', 'failure');
    else this.times.requeued();
  }

  /** `heard`: somebody besides the caller receives. `queued`: no worker has it. */
  callerDied(heard: boolean, queued: boolean): void {
    if (this.outcome !== undefined || this.audience === 'orphaned') return;
    if (!this.uploading && heard) return;
    if (!this.uploading || !this.#finishable || queued || this.ending) {
      this.#decide('ERR_CALLER_DIED', 'caller_death');
      return;
    }
    this.audience = 'orphaned';
    this.times.boundDrain();
  }

  receiverDied(): void {
    if (this.outcome !== undefined || this.audience !== 'listening') return;
    if (this.uploading && !this.ending) this.audience = 'deaf';
    else this.#decide('ERR_CANCELLED', 'failure');
  }

  /** The caller sends; a declared body must not become longer than that (U5). */
  sent(bytes: number): void {
    if (this.#finished || !this.uploading || this.audience === 'orphaned') return;
    this.mayHaveMoved();
    const { contentLength } = this.#plan;
    if (contentLength !== undefined && this.#accepted + bytes > contentLength) {
      this.failed('ERR_BODY_LENGTH');
    } else {
      this.#accepted += bytes;
    }
  }

  finished(): void {
    if (this.#finished || !this.uploading || this.audience === 'orphaned') return;
    this.mayHaveMoved();
    const { contentLength } = this.#plan;
    if (contentLength !== undefined && this.#accepted < contentLength) {
      this.failed('ERR_BODY_LENGTH');
    } else {
      this.#finished = true;
    }
  }

  // --- time -----------------------------------------------------------------------------------

  /** Bytes of the request may move: its peer reads. */
  mayHaveMoved(): void {
    this.times.mayHaveMoved();
    this.throughput.maySend();
  }

  /** Whether a timeout may have ended it now in this way; then that decides. */
  acceptTimeout(outcome: string, isRead: boolean): boolean {
    const codes = this.times.due(this).map((code) => this.#codeFor(code));
    const due = [...codes, this.stopDue].find((code) => code === outcome);
    if (due !== undefined) this.#decide(due, 'failure');
    else if (isRead && this.throughput.mayBeTooSlow) this.#acceptSlow(outcome);
    return this.outcome !== undefined;
  }

  #acceptSlow(outcome: string): void {
    const code = this.#codeFor('ERR_IDLE_TIMEOUT');
    if (code !== outcome) return;
    this.wasTooSlow = true;
    this.#decide(code, 'failure');
  }

  get #finishable(): boolean {
    const { request, contentLength } = this.#plan;
    if (request.onCallerDeath === 'cancel') return false;
    return this.#finished || contentLength === undefined || this.#accepted === contentLength;
  }

  /** An exchange whose audience is gone ends for that reason (C4, C6). */
  #codeFor(outcome: Outcome): Outcome {
    if (this.audience === 'orphaned') return 'ERR_CALLER_DIED';
    return this.audience === 'deaf' ? 'ERR_CANCELLED' : outcome;
  }

  #decide(outcome: Outcome, endedBy: 'response' | 'caller_death' | 'failure'): void {
    if (this.outcome !== undefined) return;
    this.outcome = outcome;
    if (this.#plan.body === 'none' || this.endedBy !== undefined) return;
    if (this.audience === 'orphaned') this.endedBy = 'caller_death';
    else if (this.#plan.body === 'bytes' && this.started) this.endedBy = 'caller';
    else this.endedBy = endedBy;
  }
}
