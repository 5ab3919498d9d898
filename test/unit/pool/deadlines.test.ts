/** The timing wheel: what it costs, what it keeps, what it survives (its times: test/property). */

import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/clock.ts';
import { type Deadline, Deadlines, UNSET_DEADLINE } from '../../../src/pool/deadlines.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

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

describe('deadlines', () => {
  test('T2 cost one timer and no early wake-up for a hundred thousand entries', () => {
    const clock = new ManualClock();
    let timersSet = 0;
    const counting: Clock = {
      now: clock.now,
      clearTimeout: clock.clearTimeout,
      missedSince: clock.missedSince,
      setTimeout: (callback, ms) => {
        timersSet += 1;
        return clock.setTimeout(callback, ms);
      },
    };
    const wheel = new Deadlines(counting);
    let expired = 0;
    const count = (): void => {
      expired += 1;
    };
    const entries = Array.from({ length: 100_000 }, () => new Entry(count));
    for (const [index, each] of entries.entries()) wheel.set(each, 10_000 + (index % 20_000));
    expect([timersSet, clock.pending, wheel.size]).toEqual([1, 1, 100_000]);
    for (let index = 0; index < 50_000; index += 1) wheel.clear(entries[index] ?? new Entry());
    clock.advance(9_999);
    expect([expired, timersSet]).toEqual([0, 1]);
    clock.advance(20_008);
    expect([expired, wheel.size, clock.pending]).toEqual([50_000, 0, 0]);
    // One wake-up per tick with something in it, however many entries that tick has.
    expect(timersSet).toBeLessThanOrEqual(20_000 / TICK_MS + 2);
  });

  test('are reached when they are further ahead than a timer of Node can be', () => {
    const clock = new ManualClock();
    let longestMs = 0;
    const watching: Clock = {
      now: clock.now,
      clearTimeout: clock.clearTimeout,
      missedSince: clock.missedSince,
      setTimeout: (callback, ms) => {
        longestMs = Math.max(longestMs, ms);
        return clock.setTimeout(callback, ms);
      },
    };
    const wheel = new Deadlines(watching);
    const firedMs: number[] = [];
    const month = 30 * 24 * 3_600_000;
    wheel.set(new Entry((nowMs) => firedMs.push(nowMs)), month);
    // Some turns of the wheel, one by one, and all others at once.
    clock.advance(1_000_000);
    clock.leap(month - 1 - clock.now());
    expect([firedMs, longestMs < 2 ** 31]).toEqual([[], true]);
    clock.advance(1 + TICK_MS);
    expect(firedMs).toEqual([month]);
  });

  test('keep the time that is set when a later one is asked for, and take a sooner one', () => {
    const clock = new ManualClock(5);
    const wheel = new Deadlines(clock);
    const firedMs: number[] = [];
    const one = new Entry((nowMs) => firedMs.push(nowMs));
    wheel.set(one, 800);
    wheel.set(one, 1_600);
    clock.advance(803);
    expect(firedMs).toEqual([800]);
    wheel.set(one, 1_600);
    wheel.set(one, 1_200);
    clock.advance(1_000);
    expect(firedMs).toEqual([800, 1_200]);
  });

  test('never hold a timer for what is not set', () => {
    const clock = new ManualClock();
    const wheel = new Deadlines(clock);
    const one = new Entry();
    wheel.set(one, Number.POSITIVE_INFINITY);
    expect([wheel.size, clock.pending]).toEqual([0, 0]);
    wheel.set(one, 10);
    wheel.clear(one);
    wheel.clear(one);
    expect([wheel.size, clock.pending]).toEqual([0, 0]);
  });

  test('let the others expire when one of them throws', () => {
    const clock = new ManualClock();
    const wheel = new Deadlines(clock);
    const seen: string[] = [];
    const bad = new Entry(() => {
      throw new Error('owner broke');
    });
    const good = new Entry(() => seen.push('same tick'));
    const later = new Entry(() => seen.push('later'));
    wheel.set(good, 8);
    wheel.set(bad, 8);
    wheel.set(later, 80);
    expect(() => clock.advance(8)).toThrow('owner broke');
    clock.advance(100);
    expect(seen.sort()).toEqual(['later', 'same tick']);
  });
});
