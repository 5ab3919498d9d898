/**
 * A clock that moves only when told. Timers fire in the order of their due time, those due at the
 * same time in the order they were set; while one runs, `now()` is its due time. A timer set by a
 * firing one is included if it is due within the same `advance`.
 */

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fn: () => void;
}

export class ManualClock {
  /** A binary heap, the next timer first; cleared ones stay in it until they come up. */
  readonly #heap: Timer[] = [];
  readonly #live = new Set<unknown>();
  #nowMs: number;
  #order = 0;
  #advancing = false;
  readonly #stalls: { readonly fromMs: number; readonly toMs: number }[] = [];

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  /** Bound, so that it can be handed over like `performance.now`. */
  readonly now = (): number => this.#nowMs;

  readonly setTimeout = (fn: () => void, ms: number): unknown => {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order, fn };
    this.#order += 1;
    this.#live.add(timer);
    add(this.#heap, timer);
    return timer;
  };

  /** Ignores what is not a pending timer of this clock. */
  readonly clearTimeout = (id: unknown): void => {
    this.#live.delete(id);
  };

  /** How many timers are set and have not fired. */
  get pending(): number {
    return this.#live.size;
  }

  /** When the next timer is due; `undefined` without one. */
  get nextDue(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves the clock by `ms` and fires what falls due, synchronously; throws what a timer throws. */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`a clock cannot move by ${ms} ms: 0 or more`);
    if (this.#advancing) throw new Error('advance was called by a firing timer');
    const untilMs = this.#nowMs + ms;
    this.#advancing = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        if (next.dueMs > untilMs) break;
        this.#live.delete(next);
        this.#nowMs = next.dueMs;
        next.fn();
      }
      this.#nowMs = untilMs;
    } finally {
      this.#advancing = false;
    }
  }

  /** The machine sleeps for `ms`: every timer that fell due meanwhile fires late, at the new time. */
  leap(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`a clock cannot leap by ${ms} ms: 0 or more`);
    this.#nowMs += ms;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (next.dueMs > this.#nowMs) return;
      this.#live.delete(next);
      next.fn();
    }
  }

  /** The thread is busy for `ms`: a leap that its timers notice. */
  stall(ms: number): void {
    this.#stalls.push({ fromMs: this.#nowMs, toMs: this.#nowMs + ms });
    this.leap(ms);
  }

  readonly missedSince = (sinceMs: number): number =>
    this.#stalls.reduce(
      (sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)),
      0,
    );

  #next(): Timer | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#live.has(top)) return top;
      removeFirst(this.#heap);
    }
    return undefined;
  }
}

function add(heap: Timer[], timer: Timer): void {
  let index = heap.length;
  heap.push(timer);
  while (index > 0) {
    const above = (index - 1) >>> 1;
    if (!swapIfBefore(heap, index, above)) return;
    index = above;
  }
}

function removeFirst(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const below = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
    if (!swapIfBefore(heap, below, index)) return;
    index = below;
  }
}

function swapIfBefore(heap: Timer[], below: number, above: number): boolean {
  const [lower, upper] = [heap[below], heap[above]];
  if (lower === undefined || upper === undefined || !isBefore(lower, upper)) return false;
  heap[above] = lower;
  heap[below] = upper;
  return true;
}

function isBefore(a: Timer | undefined, b: Timer | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
