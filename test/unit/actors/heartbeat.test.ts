/** The heartbeat of a thread, on a manual clock. */

import { describe, expect, test } from 'vitest';
import { Heartbeat } from '../../../src/actors/heartbeat.ts';
import type { Clock } from '../../../src/clock.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

/** The heart of a thread that is starting. */
function starting(wedgeMs: number, on?: Clock) {
  const clock = new ManualClock();
  const log: string[] = [];
  const note = (what: string) => () => void log.push(`${what} ${clock.now()}`);
  const beat = new Heartbeat({
    clock: on ?? clock,
    wedgeMs,
    ask: note('ask'),
    stalled: note('stalled'),
    recovered: note('recovered'),
    wedged: (silentMs) => log.push(`wedged ${clock.now()} after ${silentMs}`),
  });
  return { clock, log, beat };
}

/** The heart of a thread that is up. */
function heartbeat(wedgeMs = 1_000) {
  const made = starting(wedgeMs);
  made.beat.heard();
  return made;
}

/** Timers that fire when they are told to, however late. */
function lateTimers(clock: Clock) {
  const late: { fire: () => void } = { fire: () => {} };
  const timers: Clock = {
    now: () => clock.now(),
    setTimeout: (fire) => {
      late.fire = fire;
      return late;
    },
    clearTimeout: () => {},
    missedSince: () => 0,
  };
  return { late, timers };
}

describe('a thread that is up', () => {
  test('W4 is asked when it is silent, and found when it does not answer in time', async () => {
    const { beat, clock, log } = heartbeat();
    beat.start();
    clock.advance(249);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(log).toEqual(['ask 250']);
    clock.advance(749);
    await settled(2);
    expect(log).toEqual(['ask 250']);
    clock.advance(1);
    await settled(2);
    expect([log, clock.pending]).toEqual([['ask 250', 'wedged 1000 after 1000'], 0]);
  });

  test.each([1, 100, 249, 250, 260, 900])(
    'W4 is found when it has been silent for the time given, also when it stops at %i',
    async (lastMs) => {
      const { beat, clock, log } = heartbeat();
      beat.start();
      clock.advance(lastMs);
      beat.heard();
      clock.advance(999);
      await settled(2);
      expect(log.join()).not.toContain('wedged');
      clock.advance(1);
      await settled(2);
      expect(log.at(-1)).toBe(`wedged ${lastMs + 1_000} after 1000`);
    },
  );

  test('W4 is not asked while it speaks, and is left alone when it answers', async () => {
    const { beat, clock, log } = heartbeat();
    beat.start();
    for (let at = 0; at < 2_000; at += 200) {
      beat.heard();
      clock.advance(200);
    }
    expect(log).toEqual([]);
    clock.advance(100);
    expect(log).toEqual(['ask 2050']);
    clock.advance(700);
    beat.heard();
    clock.advance(240);
    await settled(2);
    expect(log).toEqual(['ask 2050']);
    beat.end();
  });

  test('W4 has an answer that lies unread because this thread was busy', async () => {
    const { beat, clock, log } = heartbeat();
    beat.start();
    clock.advance(1_000);
    // What a port does whose message waits: it comes before the turn is over.
    beat.heard();
    await settled(2);
    expect(log).toEqual(['ask 250']);
    beat.stop();
  });

  test('W4 is not found by the answer of another time', async () => {
    const { beat, clock, log } = heartbeat();
    beat.start();
    clock.advance(1_000);
    // It ends all that was asked of it, and something new is asked, before the turn is over.
    beat.heard();
    beat.stop();
    beat.start();
    await settled(2);
    beat.stop();
    beat.start();
    expect(log).toEqual(['ask 250']);
    clock.advance(1_000);
    beat.stop();
    beat.start();
    await settled(2);
    expect(log).toEqual(['ask 250', 'ask 1250']);
    beat.end();
  });

  test('W4 is asked again where the whole process was stopped', async () => {
    const clock = new ManualClock();
    const { late, timers } = lateTimers(clock);
    const { beat, log } = starting(1_000, timers);
    beat.heard();
    beat.start();
    clock.advance(250);
    late.fire();
    clock.advance(60_000);
    late.fire();
    await settled(2);
    expect(log.map((line) => line.split(' ')[0])).toEqual(['ask', 'ask']);
    beat.end();
  });
});

describe('a thread that starts', () => {
  test('W4 is stalled when it is not up in time, and wedged only when no start takes so long', async () => {
    const { beat, clock, log } = starting(100);
    beat.start();
    clock.advance(99);
    await settled(2);
    expect(log).toEqual([]);
    clock.advance(1);
    await settled(2);
    expect(log).toEqual(['stalled 100']);
    // What it had was taken away; what becomes of it is still to be seen.
    beat.stop();
    clock.advance(4_899);
    await settled(2);
    expect(log).toEqual(['stalled 100']);
    clock.advance(1);
    await settled(2);
    expect(log).toEqual(['stalled 100', 'wedged 5000 after 5000']);
  });

  test('W4 recovers by the first that is heard of it, and rests', async () => {
    const { beat, clock, log } = starting(100);
    beat.start();
    clock.advance(100);
    await settled(2);
    beat.stop();
    clock.advance(1_000);
    beat.heard();
    beat.heard();
    expect(log).toEqual(['stalled 100', 'recovered 1100']);
    expect(clock.pending).toBe(0);
    beat.start();
    clock.advance(25);
    expect(log.at(-1)).toBe('ask 1125');
    beat.end();
  });

  test.each([5_000, 8_000])(
    'W4 has as much time as it has later, where that is not less: %i',
    async (wedgeMs) => {
      const { beat, clock, log } = starting(wedgeMs);
      beat.start();
      clock.advance(wedgeMs - 1);
      await settled(2);
      expect(log).toEqual([]);
      clock.advance(1);
      await settled(2);
      expect(log).toEqual([`wedged ${wedgeMs} after ${wedgeMs}`]);
    },
  );

  test('W4 has all of its time again where the whole process was stopped', async () => {
    const clock = new ManualClock();
    const { late, timers } = lateTimers(clock);
    const { beat, log } = starting(100, timers);
    beat.start();
    clock.advance(60_000);
    late.fire();
    await settled(2);
    expect(log).toEqual([]);
    clock.advance(100);
    late.fire();
    await settled(2);
    clock.advance(60_000);
    late.fire();
    await settled(2);
    expect(log.map((line) => line.split(' ')[0])).toEqual(['stalled']);
    beat.end();
  });
});

test('a heart that is stopped has no timer, and one without limit never had one', async () => {
  const { beat, clock, log } = heartbeat();
  beat.start();
  beat.start();
  expect(clock.pending).toBe(1);
  beat.stop();
  beat.stop();
  expect(clock.pending).toBe(0);
  const endless = heartbeat(Number.POSITIVE_INFINITY);
  endless.beat.start();
  endless.beat.heard();
  expect([endless.clock.pending, log]).toEqual([0, []]);
  const stalled = starting(100);
  stalled.beat.start();
  stalled.clock.advance(100);
  await settled(2);
  stalled.beat.end();
  expect(stalled.clock.pending).toBe(0);
});
