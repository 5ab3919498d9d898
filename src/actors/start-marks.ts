/**
 * What the pool must know of an exchange in a thread even when the thread dies without a word:
 * whether its request has started, and whether bytes of it can have left (W2). One byte per
 * exchange, in memory that both threads see.
 *
 * Invariant: an exchange is started by its thread or revoked by the pool, never both. So what was
 * revoked can be moved to another worker although the thread may live for a while longer.
 */

const STARTED = 1;
const REVOKED = 2;
const HEAD_SENT = 4;
const FLUSHED = 8;

/** Exchanges per page; a page is dropped with the last of them. */
const PAGE_MARKS = 4096;

/** A fresh page of marks. */
export function newMarks(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(PAGE_MARKS));
}

/** Whether the exchange with this id begins a new page. */
export function beginsPage(id: number): boolean {
  return id % PAGE_MARKS === 0;
}

export class StartMark {
  readonly #marks: Uint8Array;
  readonly #index: number;

  /** `marks` is the page of the exchange. */
  constructor(marks: Uint8Array, id: number) {
    this.#marks = marks;
    this.#index = id % PAGE_MARKS;
  }

  /** The thread starts the request; `false` where that was revoked. */
  start(): boolean {
    const before = Atomics.compareExchange(this.#marks, this.#index, 0, STARTED);
    return (before & REVOKED) === 0;
  }

  /** The pool takes it back; `false` where it has started. */
  revoke(): boolean {
    const before = Atomics.compareExchange(this.#marks, this.#index, 0, REVOKED);
    return (before & STARTED) === 0;
  }

  /** Bytes of the head can have left, or the connection has refused the request. */
  noteHead(sent: boolean): void {
    if (sent) Atomics.or(this.#marks, this.#index, HEAD_SENT);
    else Atomics.and(this.#marks, this.#index, ~HEAD_SENT);
  }

  /** All that was given to the transport has left it. */
  noteFlushed(): void {
    Atomics.or(this.#marks, this.#index, FLUSHED);
  }

  get headSent(): boolean {
    return (Atomics.load(this.#marks, this.#index) & HEAD_SENT) !== 0;
  }

  get flushed(): boolean {
    return (Atomics.load(this.#marks, this.#index) & FLUSHED) !== 0;
  }
}
