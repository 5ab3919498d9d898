/**
 * How many exchanges an origin can take at a time, found from its latency and its failures.
 *
 * A gradient controller (as in Netflix's concurrency-limits, and TCP Vegas before it). Latency is
 * averaged over a window of exchanges and compared with what the origin needs when nothing queues
 * there. While the two are alike the limit grows, by its square root a window; where latency rises,
 * a queue has formed, and the limit falls in proportion. Where `c` exchanges at a time are what the
 * origin can do, the limit settles between `c` and `2c`, so that the origin always has some waiting.
 * Failures of overload cut it by up to a half a window.
 *
 * What the origin needs unqueued is not known for ever: every so often, and when the limit has
 * halved or doubled, one window is spent at a quarter of the limit to measure it anew.
 *
 * Invariants: `1 ≤ limit ≤ most`. There is no clock and no chance in here: the same calls lead to
 * the same limits. Only exchanges that began within a window count for it, so that what an earlier
 * limit caused is not held against this one.
 */

/** How an exchange went, as far as it tells of load. */
export interface LoadSample {
  /** The one in which it began. */
  readonly window: number;
  /** From the end of the request to the head of the response; `undefined` where none came. */
  readonly latencyMs: number | undefined;
  /** It failed as it would on a peer that is overloaded. */
  readonly overloaded: boolean;
}

/** The limit of an origin that nothing is known of. */
const FIRST_LIMIT = 4;
/** A window is as long as the limit is high, and at least this many exchanges. */
const LEAST_SAMPLES = 10;
/** Windows between two measurements of the unqueued latency. */
const PROBE_EVERY = 40;
const PROBE_SHARE = 1 / 4;
/** Latency may vary by this much before it counts as a queue. */
const TOLERANCE = 1.2;
/** What a window can take away at most. */
const LEAST_GRADIENT = 0.5;

export class AdaptiveLimit {
  #most: number;
  #limit: number;
  /** Latency without a queue, in milliseconds; unknown at first. */
  #baseMs: number | undefined;
  /** Whether this window measures it. */
  #probing = true;
  #probedLimit: number;
  #window = 0;
  /** The window that measured it last. */
  #probedWindow = 0;
  #samples = 0;
  #overloads = 0;
  #latencyMs = 0;
  /** Whether the limit held something back. */
  #reached = false;

  constructor(most: number) {
    this.#most = most;
    this.#limit = Math.min(most, FIRST_LIMIT);
    this.#probedLimit = this.#limit;
  }

  /** Counts the windows. */
  get window(): number {
    return this.#window;
  }

  /** A whole number. */
  get limit(): number {
    const share = this.#probing && this.#baseMs !== undefined ? PROBE_SHARE : 1;
    return Math.max(1, Math.floor(this.#limit * share));
  }

  /** Another bound from now on. */
  bound(most: number): void {
    this.#most = most;
    this.#set(this.#limit);
  }

  /** An exchange has begun, and `running` run now. */
  started(running: number): void {
    if (running >= this.limit) this.#reached = true;
  }

  /** One has been answered, or has failed. */
  learn({ window, latencyMs, overloaded }: LoadSample): void {
    if (window !== this.#window) return;
    if (overloaded) this.#overloads += 1;
    else if (latencyMs !== undefined) this.#latencyMs += latencyMs;
    else return;
    this.#samples += 1;
    if (this.#samples >= Math.max(LEAST_SAMPLES, this.limit)) this.#closeWindow();
  }

  #closeWindow(): void {
    const answered = this.#samples - this.#overloads;
    const latencyMs = answered === 0 ? undefined : this.#latencyMs / answered;
    if (this.#overloads > 0) this.#set(this.#limit * (1 - this.#overloads / this.#samples / 2));
    else if (latencyMs !== undefined && !this.#probing && this.#reached) this.#follow(latencyMs);
    if (this.#probing && latencyMs !== undefined) {
      this.#baseMs = latencyMs;
      this.#probedLimit = this.#limit;
      this.#probedWindow = this.#window;
    }
    this.#window += 1;
    this.#probing = this.#baseMs === undefined || (!this.#probing && this.#isProbeDue());
    this.#samples = 0;
    this.#overloads = 0;
    this.#latencyMs = 0;
    this.#reached = false;
  }

  #isProbeDue(): boolean {
    const change = this.#limit / this.#probedLimit;
    return this.#window - this.#probedWindow > PROBE_EVERY || change < 1 / 2 || change > 2;
  }

  #follow(latencyMs: number): void {
    // A clock that is too coarse to see any latency sees no queue either.
    const gradient = latencyMs > 0 ? (TOLERANCE * (this.#baseMs ?? latencyMs)) / latencyMs : 1;
    const kept = this.#limit * Math.min(1, Math.max(LEAST_GRADIENT, gradient));
    this.#set(kept + Math.sqrt(this.#limit));
  }

  #set(limit: number): void {
    this.#limit = Math.min(this.#most, Math.max(1, limit));
  }
}
