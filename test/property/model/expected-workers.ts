/** Which workers have to be up, and when those that are not come back (clauses W1, W3). */

/** `maxRestarts` counts over this. */
export const RESTART_WINDOW_MS = 60 * 1024;
/** `wedgeTimeout` of threads. */
export const WEDGE_MS = 4 * 1024;
/** Chance as the pool gets it: with it every backoff is a multiple of 32 ms. */
export const RANDOM = 0.28;

const BASE_MS = 50;
const CAP_MS = 5_000;

interface ExpectedWorker {
  upAtMs: number | undefined;
  upSinceMs: number;
  deaths: number;
  restarts: number;
  /** When its thread went deaf. */
  deafSinceMs: number | undefined;
}

export class ExpectedWorkers {
  readonly #workers: readonly ExpectedWorker[];
  readonly #maxRestarts: number;
  #deathsMs: number[] = [];

  constructor(count: number, maxRestarts: number, nowMs: number) {
    this.#maxRestarts = maxRestarts;
    this.#workers = Array.from({ length: count }, () => ({
      upAtMs: undefined,
      upSinceMs: nowMs,
      deaths: 0,
      restarts: 0,
      deafSinceMs: undefined,
    }));
  }

  get count(): number {
    return this.#workers.length;
  }

  get up(): number {
    return this.#workers.filter(({ upAtMs }) => upAtMs === undefined).length;
  }

  get dues(): readonly number[] {
    return this.#workers.flatMap(({ upAtMs }) => (upAtMs === undefined ? [] : [upAtMs]));
  }

  get restarts(): readonly number[] {
    return this.#workers.map(({ restarts }) => restarts);
  }

  isUp(id: number): boolean {
    const worker = this.#workers[id - 1];
    return worker !== undefined && worker.upAtMs === undefined;
  }

  /** Its thread does and answers nothing more. */
  goDeaf(id: number, nowMs: number): void {
    const worker = this.#workers[id - 1];
    if (worker !== undefined) worker.deafSinceMs = nowMs;
  }

  deafSince(id: number | undefined): number | undefined {
    return id === undefined ? undefined : this.#workers[id - 1]?.deafSinceMs;
  }

  /** Those that are deaf and not found to be so. */
  get deaf(): readonly number[] {
    return this.#workers.flatMap(({ deafSinceMs }, index) =>
      deafSinceMs === undefined ? [] : [index + 1],
    );
  }

  /** It dies: `failed` when that was once too often. */
  kill(id: number, nowMs: number): 'restarting' | 'failed' {
    const worker = this.#workers[id - 1];
    if (worker === undefined) throw new RangeError(`no worker ${id}`);
    worker.deafSinceMs = undefined;
    worker.deaths = nowMs - worker.upSinceMs >= RESTART_WINDOW_MS ? 1 : worker.deaths + 1;
    const step = Math.min(BASE_MS * 2 ** (worker.deaths - 1), CAP_MS);
    worker.upAtMs = nowMs + step / 2 + (step / 2) * RANDOM;
    this.#deathsMs = [...this.#deathsMs.filter((at) => at > nowMs - RESTART_WINDOW_MS), nowMs];
    return this.#deathsMs.length > this.#maxRestarts ? 'failed' : 'restarting';
  }

  passTo(nowMs: number): void {
    for (const worker of this.#workers) {
      if (worker.upAtMs === undefined || worker.upAtMs > nowMs) continue;
      worker.upAtMs = undefined;
      worker.upSinceMs = nowMs;
      worker.restarts += 1;
    }
  }
}
