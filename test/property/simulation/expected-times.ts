/**
 * When which timeout of an exchange may end it, and when it must have (T1, T2, H7, C2): the model's
 * own account of its times.
 *
 * What counts as movement is known from outside only to within a chunk, so that a timeout is due
 * within a span.
 */

import type { ErrorCode, RequestOptions } from '../../../src/index.ts';

/** Resolution of the pool's timeouts. */
const TICK_MS = 8;
/** A response that nobody wants is read this long (C2). */
const DRAIN_MS = 30_000;

interface Span {
  readonly code: ErrorCode;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Where the exchange stands. */
export interface Progress {
  readonly started: boolean;
  readonly headed: boolean;
}

export class ExpectedTimes {
  readonly #request: RequestOptions;
  readonly #now: () => number;
  readonly #createdMs: number;
  #queuedMs: number;
  #admittedMs = Number.NaN;
  #dispatches = 0;
  #dispatchedMs = Number.NaN;
  #sentMs = Number.NaN;
  /** The last movement that was seen, and the last that may have been. */
  #movedMs: number;
  #mayHaveMovedMs: number;
  /** When a response that nobody wants has to be over, at the earliest and at the latest. */
  #drainFromMs = Number.NaN;
  #drainUntilMs = Number.NaN;

  constructor(request: RequestOptions, now: () => number) {
    this.#request = request;
    this.#now = now;
    this.#createdMs = now();
    this.#queuedMs = now();
    this.#movedMs = now();
    this.#mayHaveMovedMs = now();
  }

  dispatched(): void {
    const nowMs = this.#now();
    if (Number.isNaN(this.#admittedMs)) this.#admittedMs = nowMs;
    this.#dispatchedMs = nowMs;
    this.#dispatches += 1;
    this.moved();
  }

  /**
   * The pool says how often it was dispatched, and that it was admitted when it had waited so long.
   * A worker may die before the dispatch is seen; the timeout runs all the same (H7).
   */
  admitted(attempts: number, waitedMs: number): boolean {
    // Subtracted, as the pool does it: what is rounded in a sum may be a trifle later than seen.
    const seenToWaitMs = this.#admittedMs - this.#createdMs;
    if (attempts > this.#dispatches) this.#admittedMs = this.#createdMs + waitedMs;
    return attempts >= this.#dispatches && (Number.isNaN(seenToWaitMs) || waitedMs <= seenToWaitMs);
  }

  /** It waits again: its worker died before it had started. */
  requeued(): void {
    this.#dispatchedMs = Number.NaN;
    this.#queuedMs = this.#now();
  }

  /** The request is on the wire, with its body. */
  sent(): void {
    this.#sentMs = this.#now();
    this.moved();
  }

  /** A byte moved for certain. */
  moved(): void {
    this.#movedMs = this.#now();
    this.mayHaveMoved();
  }

  /** A byte may have moved: into a buffer, towards the peer. */
  mayHaveMoved(): void {
    this.#mayHaveMovedMs = this.#now();
    if (!Number.isNaN(this.#drainUntilMs)) this.#drainUntilMs = this.#now() + DRAIN_MS;
  }

  /** Nobody wants the rest of the response. */
  boundDrain(): void {
    this.#drainFromMs = this.#now() + DRAIN_MS;
    this.#drainUntilMs = this.#drainFromMs;
  }

  /** The timeouts that may end it now. */
  due(progress: Progress): readonly ErrorCode[] {
    const nowMs = this.#now();
    const spans = this.#spans(progress).filter(({ fromMs }) => fromMs <= nowMs);
    return spans.map(({ code }) => code);
  }

  /** The timeout that must have ended it by now. */
  overdue(progress: Progress): ErrorCode | undefined {
    const nowMs = this.#now();
    return this.#spans(progress).find(({ untilMs }) => untilMs + TICK_MS < nowMs)?.code;
  }

  #spans({ started, headed }: Progress): readonly Span[] {
    const request = this.#request;
    const spans: Span[] = [];
    const add = (code: ErrorCode, ms: number | undefined, from: number, until = from): void => {
      if (ms === undefined || Number.isNaN(from)) return;
      spans.push({ code, fromMs: from + ms, untilMs: until + ms });
    };
    const long = request.stream === true || request.streamBody === true;
    add('ERR_TIMEOUT', request.timeout ?? (long ? undefined : 30_000), this.#admittedMs);
    add('ERR_TIMEOUT', 0, this.#drainFromMs, this.#drainUntilMs);
    if (Number.isNaN(this.#dispatchedMs)) {
      add('ERR_ADMISSION_TIMEOUT', request.queueTimeout, this.#queuedMs);
      return spans;
    }
    if (!started) add('ERR_CONNECT_TIMEOUT', request.connectTimeout ?? 10_000, this.#dispatchedMs);
    else if (!headed) add('ERR_HEADERS_TIMEOUT', request.headersTimeout ?? 30_000, this.#sentMs);
    add('ERR_IDLE_TIMEOUT', request.idleTimeout ?? 30_000, this.#movedMs, this.#mayHaveMovedMs);
    return spans;
  }
}
