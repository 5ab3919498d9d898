/**
 * The clock of one exchange: its times and its one entry on the timing wheel.
 *
 * It notes when each step happened (`pool/flight-times`) and asks `pool/flight-deadlines` which
 * timeout is due; the owner decides what a timeout leads to. Reset of the idle time costs a store: the
 * entry on the wheel is not moved, it asks again when it fires.
 */

import type { ExchangeState } from '../actors/request-lifecycle.ts';
import { type Clock, WATCHED_MS } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import { type Deadline, type Deadlines, UNSET_DEADLINE } from './deadlines.ts';
import { nextTimeout } from './flight-deadlines.ts';
import { NotedTimes } from './flight-times.ts';

/** A response that nobody wants is read for this long after the last byte of the request (C2). */
const DRAIN_MS = 30_000;

/** What the clock of an exchange has to know of it. */
export interface Timed {
  readonly request: ResolvedRequest;
  readonly state: ExchangeState;
  /** Bytes of both directions. */
  readonly bytesMoved: number;
  /** By how many bytes its peer may now be behind `minThroughput`; `Infinity`: it waits for us. */
  readonly allowedLagBytes: number;
  timedOut(code: ErrorCode): void;
}

/** Where the time comes from. */
export interface TimeSource {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

export class FlightClock extends NotedTimes implements Deadline {
  dueMs: number = UNSET_DEADLINE.dueMs;
  slot: number = UNSET_DEADLINE.slot;
  next: Deadline | undefined;
  previous: Deadline | undefined;

  readonly #owner: Timed;
  readonly #source: TimeSource;

  constructor(owner: Timed, source: TimeSource) {
    super(source.clock.now());
    this.#owner = owner;
    this.#source = source;
  }

  /** It begins to wait for admission: its queue timeout runs from here (H7). */
  queued(): void {
    const { queueTimeoutMs } = this.#owner.request;
    // The first time it has just been created.
    if (!Number.isNaN(this.admittedMs)) this.waitAgain(this.now());
    if (queueTimeoutMs !== Number.POSITIVE_INFINITY) this.#ask(this.queuedMs + queueTimeoutMs);
  }

  /** It was handed to a carrier: the other clock of H7 runs from its first time. */
  dispatched(): void {
    const { timeoutMs, connectTimeoutMs, idleTimeoutMs } = this.#owner.request;
    const nowMs = this.now();
    const run = this.begun;
    if (Number.isNaN(run.admittedMs)) run.admittedMs = nowMs;
    run.dispatchedMs = nowMs;
    run.movedMs = nowMs;
    const limitMs = Math.min(timeoutMs, connectTimeoutMs, idleTimeoutMs);
    this.#ask(Math.min(nowMs + limitMs, run.admittedMs + timeoutMs));
  }

  /** Bytes moved, in whichever direction. */
  moved(): void {
    this.begun.movedMs = this.now();
  }

  /** Bytes of an upload moved. What was accepted is owed to the peer, however slow it is (C2). */
  uploadMoved(): void {
    const run = this.begun;
    run.movedMs = this.now();
    if (!Number.isNaN(run.drainUntilMs)) run.drainUntilMs = run.movedMs + DRAIN_MS;
  }

  /** The request is on the wire whole: the peer's time for its headers runs from here. */
  sent(): void {
    const { request, state } = this.#owner;
    const run = this.begun;
    run.sentMs = this.now();
    // The end of a body is on the wire too; or `idleTimeout` would come before `headersTimeout`.
    run.movedMs = run.sentMs;
    if (state.type === 'connecting' || state.type === 'waiting') {
      this.#ask(run.sentMs + request.headersTimeoutMs);
    }
  }

  /** From the end of the request to the head of the response; `undefined` if that came first. */
  get latencyMs(): number | undefined {
    const latencyMs = this.headMs - this.sentMs;
    return latencyMs >= 0 ? latencyMs : undefined;
  }

  headReceived(): void {
    const run = this.begun;
    run.headMs = this.now();
    run.movedMs = run.headMs;
    this.measureThroughput(run.headMs);
  }

  /**
   * Begins an interval of `minThroughput`, where that is asked for. `fromBytes` should have moved
   * before it.
   */
  measureThroughput(nowMs: number = this.now(), fromBytes = this.#owner.bytesMoved): void {
    const { minThroughput } = this.#owner.request;
    if (minThroughput === undefined) return;
    this.begun.throughputMs = nowMs;
    this.begun.throughputBytes = fromBytes;
    this.#ask(nowMs + minThroughput.interval);
  }

  /** The peer had next to nothing left of an upload to take: what it owes begins anew. */
  uploadScarce(): void {
    // From the head of the response on both directions count, whoever is waited for.
    const isMeasured = !Number.isNaN(this.throughputMs) && Number.isNaN(this.headMs);
    if (isMeasured) this.measureThroughput();
  }

  /** Nobody wants the rest: it has to be over in a while. */
  boundDrain(): void {
    this.begun.drainUntilMs = this.now() + DRAIN_MS;
    this.#ask(this.drainUntilMs);
  }

  /** Nothing is due any more. */
  over(): void {
    this.#source.deadlines.clear(this);
  }

  now(): number {
    return this.#source.clock.now();
  }

  expire(nowMs: number): void {
    const due = this.#next();
    const dueMs = due.dueMs > nowMs ? due.dueMs : this.#listenedDueMs(due.dueMs);
    if (dueMs > nowMs) {
      this.#ask(dueMs);
    } else if (due.isThroughput && this.#movedEnough(nowMs)) {
      // Something else may have fallen due with it.
      this.expire(nowMs);
    } else {
      this.#owner.timedOut(due.code);
    }
  }

  #next(): ReturnType<typeof nextTimeout> {
    const { state, request } = this.#owner;
    return nextTimeout(state, this, request);
  }

  /**
   * When it is due by the time in which this thread could hear of it: what was missed shortly before
   * does not count, as an answer lies unread then, or the credit for it.
   */
  #listenedDueMs(dueMs: number): number {
    const sinceMs = Math.max(this.createdMs, dueMs - WATCHED_MS);
    return dueMs + this.#source.clock.missedSince(sinceMs);
  }

  /** Whether its peer was fast enough; then the next interval has begun. */
  #movedEnough(nowMs: number): boolean {
    const { request, bytesMoved, allowedLagBytes } = this.#owner;
    const dueBytes = this.throughputBytes + (request.minThroughput?.bytes ?? 0);
    if (bytesMoved + allowedLagBytes < dueBytes) return false;
    // What it is behind it owes; what it is ahead is no reserve.
    const isOwed = allowedLagBytes !== Number.POSITIVE_INFINITY;
    this.measureThroughput(nowMs, isOwed ? Math.max(bytesMoved, dueBytes) : bytesMoved);
    return true;
  }

  #ask(dueMs: number): void {
    this.#source.deadlines.set(this, dueMs);
  }
}
