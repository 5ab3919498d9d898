/**
 * One timer for all deadlines: a hashed timing wheel.
 *
 * An entry lies in the slot of its due time; to set, move and drop one costs the same with ten as
 * with a hundred thousand. An exchange has one entry for all its timeouts: what is due later than
 * the entry needs no move, the entry asks its owner again when it fires.
 *
 * Invariants: an entry fires at most `TICK_MS` and one timer turn after its due time, never before
 * it; the timer is armed if and only if the wheel is not empty, so an idle pool holds no timer and
 * a busy one keeps the process alive.
 */

import type { Clock } from '../clock.ts';

/** Embedded in its owner, so that a deadline allocates nothing. */
export interface Deadline {
  /** When the owner wants to be asked, on the clock of the wheel; `Infinity` when not set. */
  dueMs: number;
  slot: number;
  next: Deadline | undefined;
  previous: Deadline | undefined;
  /** The due time has come; the entry is out of the wheel and may be set again. */
  expire(nowMs: number): void;
}

/** Resolution of the wheel. */
const TICK_MS = 8;
/** Slots; entries more than a turn ahead wait for their turn. A power of two. */
const SLOTS = 4096;
/** The timer runs no longer than this: Node's own end at 24 days, and fire at once past that. */
const TURN_MS = SLOTS * TICK_MS;
const NO_SLOT = -1;

export class Deadlines {
  readonly #clock: Clock;
  readonly #slots: (Deadline | undefined)[] = new Array(SLOTS).fill(undefined);
  #size = 0;
  #timer: unknown;
  /** Tick for which the timer is armed. */
  #armedTick = Number.POSITIVE_INFINITY;
  /** Every tick up to and with this one has been swept. */
  #sweptTick: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sweptTick = Math.floor(clock.now() / TICK_MS);
  }

  get size(): number {
    return this.#size;
  }

  /** Sets or brings forward a deadline; a later time than the one set is ignored. */
  set(entry: Deadline, dueMs: number): void {
    if (entry.slot !== NO_SLOT) {
      if (dueMs >= entry.dueMs) return;
      this.clear(entry);
    }
    if (dueMs === Number.POSITIVE_INFINITY) return;
    // The first entry after a pause: nothing in between needs a sweep.
    if (this.#size === 0) this.#sweptTick = Math.floor(this.#clock.now() / TICK_MS) - 1;
    const tick = Math.max(Math.ceil(dueMs / TICK_MS), this.#sweptTick + 1);
    const slot = tick & (SLOTS - 1);
    const head = this.#slots[slot];
    entry.dueMs = dueMs;
    entry.slot = slot;
    entry.next = head;
    entry.previous = undefined;
    if (head !== undefined) head.previous = entry;
    this.#slots[slot] = entry;
    this.#size += 1;
    if (tick < this.#armedTick) this.#arm(tick);
  }

  clear(entry: Deadline): void {
    if (entry.slot === NO_SLOT) return;
    if (entry.previous !== undefined) entry.previous.next = entry.next;
    else this.#slots[entry.slot] = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.next = undefined;
    entry.previous = undefined;
    entry.slot = NO_SLOT;
    this.#size -= 1;
    if (this.#size === 0) this.#disarm();
  }

  #arm(tick: number): void {
    this.#disarm();
    this.#armedTick = tick;
    const delayMs = Math.ceil(tick * TICK_MS - this.#clock.now());
    this.#timer = this.#clock.setTimeout(
      () => this.#fire(),
      Math.min(Math.max(0, delayMs), TURN_MS),
    );
  }

  #disarm(): void {
    if (this.#armedTick === Number.POSITIVE_INFINITY) return;
    this.#clock.clearTimeout(this.#timer);
    this.#armedTick = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#armedTick = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    const nowTick = Math.floor(nowMs / TICK_MS);
    // After a long stop, or a jump of the clock, one turn of the wheel sees every slot.
    const first = Math.max(this.#sweptTick + 1, nowTick - SLOTS + 1);
    this.#sweptTick = Math.max(this.#sweptTick, nowTick);
    let tick = first;
    try {
      for (; tick <= nowTick; tick += 1) this.#sweep(tick & (SLOTS - 1), nowMs);
    } finally {
      // An owner that throws does not harm the others: the rest of its tick is swept next.
      if (tick <= nowTick) this.#sweptTick = tick - 1;
      if (this.#size > 0) this.#arm(Math.min(this.#armedTick, this.#nextTick()));
    }
  }

  #sweep(slot: number, nowMs: number): void {
    const due: Deadline[] = [];
    for (let entry = this.#slots[slot]; entry !== undefined; entry = entry.next) {
      if (entry.dueMs <= nowMs) due.push(entry);
    }
    // Owners may clear each other's entries while they expire.
    for (const entry of due) {
      if (entry.slot !== slot || entry.dueMs > nowMs) continue;
      this.clear(entry);
      entry.dueMs = Number.POSITIVE_INFINITY;
      entry.expire(nowMs);
    }
  }

  /** The next slot with an entry, at most one turn ahead. */
  #nextTick(): number {
    for (let tick = this.#sweptTick + 1; tick <= this.#sweptTick + SLOTS; tick += 1) {
      if (this.#slots[tick & (SLOTS - 1)] !== undefined) return tick;
    }
    return this.#sweptTick + SLOTS;
  }
}

/** The fields of a deadline that is not set. */
export const UNSET_DEADLINE = {
  dueMs: Number.POSITIVE_INFINITY,
  slot: NO_SLOT,
  next: undefined,
  previous: undefined,
} as const;
