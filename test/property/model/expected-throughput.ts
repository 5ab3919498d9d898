/**
 * Whether a peer moves enough (clause T4), and until when it has to.
 *
 * How much has moved cannot always be known: what is not read lies on either side of the socket.
 * Where both answers are right, the real one is followed. A peer that is not read is never slow,
 * and its time begins anew when it is read again.
 */

/** At least so many bytes in every interval. */
export interface Minimum {
  readonly bytes: number;
  readonly interval: number;
}

/** Bytes of both directions, as far as they can be known. */
export interface Moved {
  readonly least: number;
  readonly most: number;
}

export class ExpectedThroughput {
  readonly #minimum: Minimum | undefined;
  #fromMs = Number.NaN;
  #from: Moved = { least: 0, most: 0 };
  #isPaused = false;

  constructor(minimum: Minimum | undefined) {
    this.#minimum = minimum;
  }

  /** When it is looked at next. */
  get dueMs(): number {
    const { interval = Number.POSITIVE_INFINITY } = this.#minimum ?? {};
    return Number.isNaN(this.#fromMs) || this.#isPaused
      ? Number.POSITIVE_INFINITY
      : this.#fromMs + interval;
  }

  /** An interval begins. */
  begin(nowMs: number, moved: Moved): void {
    this.#fromMs = nowMs;
    this.#from = moved;
  }

  /** It is read, or not; `moved` is what had moved before. */
  reads(isPaused: boolean, nowMs: number, moved: Moved): void {
    if (this.#isPaused && !isPaused) this.begin(nowMs, moved);
    this.#isPaused = isPaused;
  }

  /** The interval is over: whether too little was moved, which `hasFailed` tells where either is right. */
  isTooSlow(moved: Moved, hasFailed: boolean): boolean {
    const wanted = this.#minimum?.bytes ?? 0;
    if (moved.least - this.#from.most >= wanted) return false;
    return moved.most - this.#from.least < wanted || hasFailed;
  }
}
