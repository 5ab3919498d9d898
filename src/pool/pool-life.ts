/**
 * Where a pool stands between its first request and its end, and what it may still be asked for.
 *
 *     open ── close ──▶ closing
 *       └───────────────────┴── destroy, or too many deaths ──▶ destroyed / failed
 *
 * Invariant: it goes on and never back; each step is taken once, and whoever takes it is told so.
 */

import { type ErrorCode, RequestError } from '../errors.ts';

type Stage = 'open' | 'closing' | 'destroyed' | 'failed';

export class PoolLife {
  #stage: Stage = 'open';

  get isOpen(): boolean {
    return this.#stage === 'open';
  }

  /** Nothing more is admitted, and what is there runs to its end. */
  get isClosing(): boolean {
    return this.#stage === 'closing';
  }

  /** Whether its exchanges may run to their end; otherwise all of them are being ended. */
  get isLiving(): boolean {
    return this.isOpen || this.isClosing;
  }

  /** Throws where nothing more is admitted (P1, W3). */
  assertOpen(): void {
    if (this.#stage !== 'open') throw new RequestError(CLOSED_CODES[this.#stage]);
  }

  /** Whether it begins to close by this. */
  close(): boolean {
    if (!this.isOpen) return false;
    this.#stage = 'closing';
    return true;
  }

  /** Whether it is destroyed by this. */
  destroy(): boolean {
    return this.#stop('destroyed');
  }

  /** Whether it fails by this. */
  fail(): boolean {
    return this.#stop('failed');
  }

  #stop(stage: 'destroyed' | 'failed'): boolean {
    if (!this.isLiving) return false;
    this.#stage = stage;
    return true;
  }
}

const CLOSED_CODES: Readonly<Record<Exclude<Stage, 'open'>, ErrorCode>> = {
  closing: 'ERR_POOL_CLOSED',
  destroyed: 'ERR_POOL_DESTROYED',
  failed: 'ERR_POOL_FAILED',
};
