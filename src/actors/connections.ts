/**
 * What one worker has open and running, by origin: whoever chooses a worker asks here where a
 * connection waits.
 *
 * The transport reports connections, the pool exchanges; their difference is what is idle. So it
 * is known without asking undici, and in a moment between the two reports it may be one off: a
 * wrong guess costs a connection, never a request. A transport of the user's own reports nothing, and
 * then none is known to be idle.
 *
 * Invariant: an origin is remembered while something of it is open or running, and no longer.
 */

/** What a transport reports of each of its connections: that it is open, and once that it is closed. */
export interface ConnectionReports {
  opened(origin: string): void;
  closed(origin: string): void;
}

interface Load {
  /** Connections, HTTP/2 sessions among them. */
  open: number;
  /** Exchanges that run, those whose connection is only being made included. */
  running: number;
}

export class Connections implements ConnectionReports {
  readonly #loads = new Map<string, Load>();

  opened(origin: string): void {
    this.#loadOf(origin).open += 1;
  }

  closed(origin: string): void {
    const load = this.#loadOf(origin);
    load.open -= 1;
    this.#forget(origin, load);
  }

  started(origin: string): void {
    this.#loadOf(origin).running += 1;
  }

  ended(origin: string): void {
    const load = this.#loadOf(origin);
    load.running -= 1;
    this.#forget(origin, load);
  }

  /**
   * Whether a connection to `origin` carries nothing. A session of HTTP/2 that carries something
   * could carry more, but that is no reason to leave other workers without work.
   */
  hasIdle(origin: string): boolean {
    const load = this.#loads.get(origin);
    return load !== undefined && load.open > load.running;
  }

  /** Origins of which something is open or running. */
  get origins(): number {
    return this.#loads.size;
  }

  #loadOf(origin: string): Load {
    const known = this.#loads.get(origin);
    if (known !== undefined) return known;
    const load: Load = { open: 0, running: 0 };
    this.#loads.set(origin, load);
    return load;
  }

  #forget(origin: string, load: Load): void {
    if (load.open === 0 && load.running === 0) this.#loads.delete(origin);
  }
}
