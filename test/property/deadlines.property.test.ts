/** The timing wheel against a naive model: never early, at most a tick late, whatever the clock does. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { type Deadline, Deadlines, UNSET_DEADLINE } from '../../src/pool/deadlines.ts';

const TICK_MS = 8;

class Entry implements Deadline {
  dueMs: number = UNSET_DEADLINE.dueMs;
  slot: number = UNSET_DEADLINE.slot;
  next: Deadline | undefined;
  previous: Deadline | undefined;
  readonly expire: (nowMs: number) => void;

  constructor(expire: (nowMs: number) => void = () => {}) {
    this.expire = expire;
  }
}

/** Time that also leaps: every timer then fires late, at the same new time, as after a suspend. */
class LeapingClock implements Clock {
  readonly #timers = new Map<unknown, { readonly dueMs: number; readonly fire: () => void }>();
  #nowMs: number;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(fire: () => void, delayMs: number): unknown {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), fire };
    this.#timers.set(timer, timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer);
  }

  missedSince(): number {
    return 0;
  }

  leap(ms: number): void {
    this.#nowMs += ms;
    for (;;) {
      const due = [...this.#timers.values()].filter((timer) => timer.dueMs <= this.#nowMs);
      due.sort((a, b) => a.dueMs - b.dueMs);
      const first = due[0];
      if (first === undefined) return;
      this.#timers.delete(first);
      first.fire();
    }
  }

  /** From timer to timer, each at its time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const dues = [...this.#timers.values()].map((timer) => timer.dueMs);
      const nextMs = Math.min(untilMs, ...dues);
      this.leap(nextMs - this.#nowMs);
      if (nextMs === untilMs) return;
    }
  }
}

type Act =
  | { readonly type: 'set'; readonly entry: number; readonly inMs: number }
  | { readonly type: 'clear'; readonly entry: number }
  | { readonly type: 'advance'; readonly ms: number }
  | { readonly type: 'leap'; readonly ms: number };

/** What an entry does when it expires, as exchanges do: ask again, or end another one. */
interface Reaction {
  readonly againMs: number | undefined;
  readonly clears: number | undefined;
}

const ENTRIES = 12;
const entry = fc.nat(ENTRIES - 1);
/** Up to three turns of the wheel ahead, most of it near. */
const delay = fc.oneof(fc.integer({ min: -20, max: 60 }), fc.nat(2_000), fc.nat(100_000));
const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ type: fc.constant('set' as const), entry, inMs: delay }),
  fc.record({ type: fc.constant('clear' as const), entry }),
  fc.record({ type: fc.constant('advance' as const), ms: fc.oneof(fc.nat(40), fc.nat(50_000)) }),
  fc.record({ type: fc.constant('leap' as const), ms: fc.oneof(fc.nat(40), fc.nat(200_000)) }),
);
const reaction: fc.Arbitrary<Reaction> = fc.record({
  againMs: fc.option(fc.integer({ min: 1, max: 40_000 }), { nil: undefined }),
  clears: fc.option(entry, { nil: undefined }),
});

interface Planned {
  readonly dueMs: number;
  /** The first moment at which it can be noticed: one that was due when it was set is late already. */
  readonly fromMs: number;
}

/** The wheel and what a plain map of due times says about it. */
class Run {
  readonly clock: LeapingClock;
  readonly #wheel: Deadlines;
  readonly #planned = new Map<number, Planned>();
  readonly #entries: readonly Entry[];
  #leaping = false;

  constructor(startMs: number, reactions: readonly Reaction[]) {
    this.clock = new LeapingClock(startMs);
    this.#wheel = new Deadlines(this.clock);
    this.#entries = reactions.map(
      (one, index) => new Entry((nowMs) => this.#expired(index, nowMs, one)),
    );
  }

  do(one: Act): void {
    this.#leaping = one.type === 'leap';
    if (one.type === 'set') this.#set(one.entry, this.clock.now() + one.inMs);
    else if (one.type === 'clear') this.#clear(one.entry);
    else this.clock[one.type](one.ms);
    expect(this.#wheel.size).toBe(this.#planned.size);
    expect(this.clock.pending).toBe(this.#planned.size > 0 ? 1 : 0);
    if (one.type === 'set' || one.type === 'clear') return;
    for (const { fromMs } of this.#planned.values()) {
      expect(this.clock.now() - fromMs).toBeLessThan(TICK_MS);
    }
  }

  #expired(index: number, nowMs: number, { againMs, clears }: Reaction): void {
    const planned = this.#planned.get(index) ?? { dueMs: Number.NaN, fromMs: Number.NaN };
    expect(nowMs).toBe(this.clock.now());
    expect(nowMs).toBeGreaterThanOrEqual(planned.dueMs);
    if (!this.#leaping) expect(nowMs - planned.fromMs).toBeLessThanOrEqual(TICK_MS);
    this.#planned.delete(index);
    if (clears !== undefined) this.#clear(clears);
    if (againMs !== undefined) this.#set(index, nowMs + againMs);
  }

  #set(index: number, dueMs: number): void {
    this.#wheel.set(this.#entry(index), dueMs);
    const before = this.#planned.get(index)?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs >= before) return;
    this.#planned.set(index, { dueMs, fromMs: Math.max(dueMs, this.clock.now()) });
  }

  #clear(index: number): void {
    this.#wheel.clear(this.#entry(index));
    this.#planned.delete(index);
  }

  #entry(index: number): Entry {
    const entry = this.#entries[index];
    if (entry === undefined) throw new RangeError(`no entry ${index}`);
    return entry;
  }
}

describe('deadlines', () => {
  test('T2 fire never early and at most a tick late, also when the clock leaps', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.array(reaction, { minLength: ENTRIES, maxLength: ENTRIES }),
        fc.array(act, { maxLength: 60 }),
        (startMs, reactions, acts) => {
          const run = new Run(startMs, reactions);
          for (const one of acts) run.do(one);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test('T2 lose none when the clock leaps over a whole turn of the wheel', () => {
    const clock = new LeapingClock(0);
    const wheel = new Deadlines(clock);
    const expired = new Set<number>();
    for (let tick = 1; tick <= 4096; tick += 1) {
      wheel.set(new Entry(() => expired.add(tick)), tick * TICK_MS);
    }
    clock.leap(100_000);
    expect([expired.size, wheel.size, clock.pending]).toEqual([4096, 0, 0]);
  });
});
