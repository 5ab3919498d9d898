/**
 * The times of one exchange and its one entry on the timing wheel.
 *
 * It notes when each step happened and asks `pool/flight-deadlines` which timeout is due; the owner
 * decides what a timeout leads to. Reset of the idle time costs a store: the entry on the wheel is
 * not moved, it asks again when it fires.
 */

import type { ExchangeState } from '../actors/request-lifecycle.ts';
import type { Clock } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import type { ResolvedRequest } from '../options.ts';
import { type Deadline, type Deadlines, UNSET_DEADLINE } from './deadlines.ts';
import { type FlightTimes, nextTimeout } from './flight-deadlines.ts';

/** A response that nobody wants is read for this long after the last byte of the request (C2). */
const DRAIN_MS = 30_000;

/** What the clock of an exchange has to know of it. */
export interface Timed {
  readonly request: ResolvedRequest;
  readonly state: ExchangeState;
  /** Bytes of both directions. */
  readonly bytesMoved: number;
  /** Whether the response is not being read: such a peer cannot be slow. */
  readonly isPaused: boolean;
  timedOut(code: ErrorCode): void;
}

/** Where the time comes from. */
export interface TimeSource {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

export class FlightClock implements Deadline, FlightTimes {
  dueMs: number = UNSET_DEADLINE.dueMs;
  slot: number = UNSET_DEADLINE.slot;
  next: Deadline | undefined;
  previous: Deadline | undefined;

  readonly createdMs: number;
  queuedMs: number;
  admittedMs = Number.NaN;
  dispatchedMs = Number.NaN;
  sentMs = Number.NaN;
  headMs = Number.NaN;
  movedMs: number;
  drainUntilMs = Number.NaN;
  throughputMs = Number.NaN;
  throughputBytes = 0;
  readonly #owner: Timed;
  readonly #source: TimeSource;

  constructor(owner: Timed, source: TimeSource) {
    this.#owner = owner;
    this.#source = source;
    this.createdMs = source.clock.now();
    this.queuedMs = this.createdMs;
    this.movedMs = this.createdMs;
  }

  /** It begins to wait for admission: its queue timeout runs from here (H7). */
  queued(): void {
    const { queueTimeoutMs } = this.#owner.request;
    // The first time it has just been created.
    if (!Number.isNaN(this.admittedMs)) this.queuedMs = this.now();
    if (queueTimeoutMs !== Number.POSITIVE_INFINITY) this.#ask(this.queuedMs + queueTimeoutMs);
  }

  /** It was handed to a carrier: the other clock of H7 runs from its first time. */
  dispatched(): void {
    const { timeoutMs, connectTimeoutMs, idleTimeoutMs } = this.#owner.request;
    const nowMs = this.now();
    if (Number.isNaN(this.admittedMs)) this.admittedMs = nowMs;
    this.dispatchedMs = nowMs;
    this.movedMs = nowMs;
    const limitMs = Math.min(timeoutMs, connectTimeoutMs, idleTimeoutMs);
    this.#ask(Math.min(nowMs + limitMs, this.admittedMs + timeoutMs));
  }

  /** Bytes moved, in whichever direction. */
  moved(): void {
    this.movedMs = this.now();
  }

  /** Bytes of an upload moved. What was accepted is owed to the peer, however slow it is (C2). */
  uploadMoved(): void {
    this.movedMs = this.now();
    if (!Number.isNaN(this.drainUntilMs)) this.drainUntilMs = this.movedMs + DRAIN_MS;
  }

  /** The request is on the wire whole: the peer's time for its headers runs from here. */
  sent(): void {
    const { request, state } = this.#owner;
    this.sentMs = this.now();
    // The end of a body is on the wire too; or `idleTimeout` would come before `headersTimeout`.
    this.movedMs = this.sentMs;
    if (state.type === 'connecting' || state.type === 'waiting') {
      this.#ask(this.sentMs + request.headersTimeoutMs);
    }
  }

  /** From the end of the request to the head of the response; `undefined` if that came first. */
  get latencyMs(): number | undefined {
    const latencyMs = this.headMs - this.sentMs;
    return latencyMs >= 0 ? latencyMs : undefined;
  }

  headReceived(): void {
    this.headMs = this.now();
    this.movedMs = this.headMs;
    this.measureThroughput(this.headMs);
  }

  /** Begins an interval of `minThroughput`, where that is asked for. */
  measureThroughput(nowMs: number = this.now()): void {
    const { request, bytesMoved } = this.#owner;
    if (request.minThroughput === undefined) return;
    this.throughputMs = nowMs;
    this.throughputBytes = bytesMoved;
    this.#ask(nowMs + request.minThroughput.interval);
  }

  /** Nobody wants the rest: it has to be over in a while. */
  boundDrain(): void {
    this.drainUntilMs = this.now() + DRAIN_MS;
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
    if (due.dueMs > nowMs) {
      this.#ask(due.dueMs);
    } else if (due.isThroughput && this.#movedEnough()) {
      this.measureThroughput(nowMs);
      this.#ask(this.#next().dueMs);
    } else {
      this.#owner.timedOut(due.code);
    }
  }

  #next(): ReturnType<typeof nextTimeout> {
    const { state, request } = this.#owner;
    return nextTimeout(state, this, request);
  }

  #movedEnough(): boolean {
    const { request, bytesMoved, isPaused } = this.#owner;
    return isPaused || bytesMoved - this.throughputBytes >= (request.minThroughput?.bytes ?? 0);
  }

  #ask(dueMs: number): void {
    this.#source.deadlines.set(this, dueMs);
  }
}
