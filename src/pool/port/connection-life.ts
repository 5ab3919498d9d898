/**
 * Where the caller's end of a port stands, and what it refuses requests with.
 *
 *     open ── close, or the pool ends ──▶ closing ── last exchange ended ──▶ closed
 *       └───────────────────────────────────┴── destroy, or the pool is gone ──▶ closed
 *
 * Invariant: it goes on and never back; what requests are refused with stays, but that a connection
 * that closes may still be destroyed.
 */

import { type ErrorCode, RequestError } from '../../errors.ts';

export class ConnectionLife {
  /** Why the pool ends, as it has told. */
  #announced: ErrorCode | undefined;
  #refusal: ErrorCode | undefined;
  #isClosed = false;

  /** Throws where nothing more may be asked for. */
  assertOpen(): void {
    if (this.#refusal !== undefined) throw new RequestError(this.#refusal);
  }

  /** Throws where nothing is answered any more. */
  assertConnected(): void {
    if (this.#isClosed) this.assertOpen();
  }

  close(): void {
    this.#refusal ??= 'ERR_POOL_CLOSED';
  }

  destroy(): void {
    if (!this.#isClosed) this.#refusal = 'ERR_POOL_DESTROYED';
  }

  /** The pool ends, and has told why. */
  announced(code: ErrorCode): void {
    this.#announced = code;
    this.#refusal ??= code;
  }

  /** The port is to be closed here; whether it is open still. */
  end(): boolean {
    const wasOpen = !this.#isClosed;
    this.#isClosed = true;
    return wasOpen;
  }

  /** The port is closed; returns what becomes of all that runs. */
  gone(): ErrorCode {
    this.#isClosed = true;
    this.#refusal ??= 'ERR_POOL_DESTROYED';
    return this.#announced ?? 'ERR_POOL_DESTROYED';
  }
}
