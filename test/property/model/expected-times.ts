/**
 * When the timeouts of an exchange are due (clauses T1, H6, H7, C2).
 *
 * When a byte last moved cannot always be known: a chunk that waits for credit may lie on either
 * side of the socket. So there are several moments at which it may have, and the last is certain to
 * be late enough.
 */

import type { ErrorCode } from '../../../src/index.ts';
import type { ExpectedPhase } from './expected-record.ts';
import type { Limits } from './spec.ts';

/** How long a response that nobody wants may take. */
const DRAIN_MS = 30_000;

export interface Due {
  readonly dueMs: number;
  readonly code: ErrorCode;
  /** Whether it surely is due then; otherwise it may be. */
  readonly isSure: boolean;
}

export class ExpectedTimes {
  /** When a response that nobody wants has to be over. */
  drainMs = Number.NaN;
  dispatchedMs = Number.NaN;
  readonly #limits: Limits;
  #queuedMs: number;
  #admittedMs = Number.NaN;
  #sentMs = Number.NaN;
  #movedMs: number[];

  constructor(limits: Limits, nowMs: number) {
    this.#limits = limits;
    this.#queuedMs = nowMs;
    this.#movedMs = [nowMs];
  }

  admit(nowMs: number): void {
    if (Number.isNaN(this.#admittedMs)) this.#admittedMs = nowMs;
    this.dispatchedMs = nowMs;
    this.#movedMs = [nowMs];
  }

  requeue(nowMs: number): void {
    this.#queuedMs = nowMs;
  }

  sent(nowMs: number): void {
    this.#sentMs = nowMs;
    this.#movedMs = [nowMs];
  }

  head(nowMs: number): void {
    this.#movedMs = [nowMs];
  }

  moved(nowMs: number, isSure: boolean): void {
    if (isSure) this.#movedMs = [nowMs];
    else if (this.#movedMs.at(-1) !== nowMs) this.#movedMs.push(nowMs);
  }

  drain(nowMs: number): void {
    this.drainMs = nowMs + DRAIN_MS;
  }

  /** What may be due, in the order in which it counts. */
  dues(phase: ExpectedPhase): readonly Due[] {
    if (phase === 'settled') return [];
    const { timeout, queueTimeout, connectTimeout, headersTimeout, idleTimeout } = this.#limits;
    const dues: Due[] = [];
    const add = (dueMs: number, code: ErrorCode, isSure = true): void => {
      if (Number.isFinite(dueMs)) dues.push({ dueMs, code, isSure });
    };
    add(this.#admittedMs + timeout, 'ERR_TIMEOUT');
    add(this.drainMs, 'ERR_TIMEOUT');
    if (phase === 'queued') {
      add(this.#queuedMs + queueTimeout, 'ERR_ADMISSION_TIMEOUT');
      return dues;
    }
    if (phase === 'connecting') add(this.dispatchedMs + connectTimeout, 'ERR_CONNECT_TIMEOUT');
    if (phase === 'waiting') add(this.#sentMs + headersTimeout, 'ERR_HEADERS_TIMEOUT');
    this.#movedMs.forEach((movedMs, index) => {
      add(movedMs + idleTimeout, 'ERR_IDLE_TIMEOUT', index === this.#movedMs.length - 1);
    });
    return dues;
  }
}
