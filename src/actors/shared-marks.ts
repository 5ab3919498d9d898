/**
 * What the pool must know of an exchange in a thread without waiting for the thread's word, or when
 * the thread dies without one: whether its request has started, whether bytes of it can have left,
 * how much of its body, and how much of that the system has taken (W2, U9). It stands in memory
 * that both threads see; so does the next piece of its body, on the way there.
 *
 * Invariants: what the pool has revoked before it was started is not started any more, so it can be
 * moved to another worker although the thread may live for a while longer; of what the pool has
 * dropped nothing leaves that was not noted here before, so its end can say what has left.
 */

import { OFFER_WORDS, SharedOffer } from './shared-offers.ts';

const STARTED = 1;
const REVOKED = 2;
const HEAD_SENT = 4;
const FLUSHED = 8;

/** Exchanges per page; a page is dropped with the last of them. */
const PAGE_MARKS = 4096;
/** One for the flags, four for each count and each word of the offer. */
const MARK_BYTES = 9 + 4 * OFFER_WORDS;

/** An exchange on its way to the thread: its name there, and its mark. */
export interface MarkedExchange {
  readonly id: number;
  readonly mark: SharedMark;
}

/** The memory of one page. */
export function newMarks(): SharedArrayBuffer {
  return new SharedArrayBuffer(PAGE_MARKS * MARK_BYTES);
}

/** A page as one of the threads sees it. */
export class MarkPage {
  readonly flags: Uint8Array;
  /** Modulo 2³², as the next one. */
  readonly passed: Uint32Array;
  readonly drained: Uint32Array;
  readonly offers: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.passed = new Uint32Array(memory, 0, PAGE_MARKS);
    this.drained = new Uint32Array(memory, 4 * PAGE_MARKS, PAGE_MARKS);
    this.offers = new Int32Array(memory, 8 * PAGE_MARKS, OFFER_WORDS * PAGE_MARKS);
    this.flags = new Uint8Array(memory, (8 + 4 * OFFER_WORDS) * PAGE_MARKS, PAGE_MARKS);
  }
}

export class SharedMark {
  readonly #page: MarkPage;
  readonly #index: number;

  /** `page` is the one of the exchange. */
  constructor(page: MarkPage, id: number) {
    this.#page = page;
    this.#index = id % PAGE_MARKS;
  }

  /** The thread starts the request; `false` where that was revoked. */
  start(): boolean {
    const before = Atomics.compareExchange(this.#page.flags, this.#index, 0, STARTED);
    return (before & REVOKED) === 0;
  }

  /** The pool takes it back, unless it has started. */
  revoke(): void {
    Atomics.compareExchange(this.#page.flags, this.#index, 0, REVOKED);
  }

  /** The pool wants it no more, started or not. */
  drop(): void {
    Atomics.or(this.#page.flags, this.#index, REVOKED);
  }

  /** Bytes of the head can have left, or the connection has refused the request. */
  noteHead(sent: boolean): void {
    if (sent) Atomics.or(this.#page.flags, this.#index, HEAD_SENT);
    else Atomics.and(this.#page.flags, this.#index, ~HEAD_SENT);
  }

  /** All that was given to the transport has left it. */
  noteFlushed(): void {
    Atomics.or(this.#page.flags, this.#index, FLUSHED);
  }

  /** So many bytes of the body have gone to the transport. */
  notePassed(bytes: number): void {
    Atomics.store(this.#page.passed, this.#index, bytes);
  }

  /** So many bytes of the body the system has taken. */
  noteDrained(bytes: number): void {
    Atomics.store(this.#page.drained, this.#index, bytes);
  }

  /** Where the next piece of its body may lie. */
  get offer(): SharedOffer {
    return new SharedOffer(this.#page.offers, OFFER_WORDS * this.#index);
  }

  /** To be asked after something is noted, and before it leaves. */
  get revoked(): boolean {
    return this.#has(REVOKED);
  }

  get started(): boolean {
    return this.#has(STARTED);
  }

  get headSent(): boolean {
    return this.#has(HEAD_SENT);
  }

  get flushed(): boolean {
    return this.#has(FLUSHED);
  }

  /** Bytes of the body that have gone to the transport beyond the `known` ones. */
  passedSince(known: number): number {
    return (Atomics.load(this.#page.passed, this.#index) - known) >>> 0;
  }

  /** Bytes of the body that the system has taken beyond the `known` ones. */
  drainedSince(known: number): number {
    return (Atomics.load(this.#page.drained, this.#index) - known) >>> 0;
  }

  #has(flag: number): boolean {
    return (Atomics.load(this.#page.flags, this.#index) & flag) !== 0;
  }
}

/** The marks that the pool gives out for one thread; the thread knows the latest page. */
export class MarkPages {
  readonly #announce: (memory: SharedArrayBuffer) => void;
  #nextId = 0;
  #page: MarkPage | undefined;

  /** `announce` tells the thread of a new page, before it hears of any exchange there. */
  constructor(announce: (memory: SharedArrayBuffer) => void) {
    this.#announce = announce;
  }

  /** That of a new exchange. */
  next(): MarkedExchange {
    const id = this.#nextId;
    this.#nextId += 1;
    if (this.#page === undefined || id % PAGE_MARKS === 0) {
      const memory = newMarks();
      this.#announce(memory);
      this.#page = new MarkPage(memory);
    }
    return { id, mark: new SharedMark(this.#page, id) };
  }
}
