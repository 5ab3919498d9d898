/** What is seen of a thread that starts, on a manual clock. */

import { describe, expect, test } from 'vitest';
import { StartWatch, startPatienceMs } from '../../../src/actors/start-watch.ts';
import type { TimerOptions } from '../../../src/clock.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

const START_MS = 5_000;

function starting(wedgeMs: number) {
  const clock = new ManualClock();
  const log: string[] = [];
  const refs: boolean[] = [];
  const note = (what: string) => () => void log.push(`${what} ${clock.now()}`);
  const watch = new StartWatch({
    clock: {
      ...clock,
      setTimeout: (fn: () => void, ms: number, options?: TimerOptions) => {
        refs.push(options?.ref ?? true);
        return clock.setTimeout(fn, ms);
      },
    },
    wedgeMs,
    startMs: START_MS,
    stalled: note('stalled'),
    recovered: note('recovered'),
    wedged: (silentMs) => log.push(`wedged ${clock.now()} after ${silentMs}`),
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled(2);
  };
  return { clock, log, refs, watch, pass };
}

describe('a thread that nobody waits for', () => {
  test.each([
    [100, START_MS],
    [START_MS, START_MS],
    [8_000, 8_000],
  ])('W4 with a wedgeTimeout of %i has %i to come up', async (wedgeMs, withinMs) => {
    const { clock, log, refs, pass } = starting(wedgeMs);
    await pass(withinMs - 1);
    expect(log).toEqual([]);
    await pass(1);
    expect(log).toEqual([`wedged ${withinMs} after ${withinMs}`]);
    // A process that has nothing else to do does not wait to see it.
    expect([refs, clock.pending]).toEqual([[false], 0]);
  });

  test('W4 is left alone once it has come up', async () => {
    const { clock, log, watch } = starting(100);
    watch.heard();
    expect([log, clock.pending]).toEqual([[], 0]);
    watch.asked();
    expect(clock.pending).toBe(0);
  });

  test('W4 is up that said so while this thread was busy', async () => {
    const { clock, log, watch } = starting(100);
    clock.advance(START_MS);
    // What a port does whose message waits: it comes before the turn is over.
    watch.heard();
    await settled(2);
    expect(log).toEqual([]);
  });

  test('W4 has all of its time again where the whole process was stopped', async () => {
    const { clock, log, pass } = starting(100);
    clock.leap(60_000);
    await pass(START_MS - 1);
    expect(log).toEqual([]);
    await pass(1);
    expect(log).toEqual(['wedged 65000 after 5000']);
  });
});

describe('a thread that somebody waits for', () => {
  test('W4 is stalled within wedgeTimeout, and wedged only when no start takes so long', async () => {
    const { log, watch, pass } = starting(100);
    await pass(1_000);
    watch.asked();
    await pass(99);
    expect(log).toEqual([]);
    await pass(1);
    expect(log).toEqual(['stalled 1100']);
    // What it had was taken away; what becomes of it is still to be seen.
    watch.left();
    watch.asked();
    await pass(START_MS - 1_101);
    expect(log).toEqual(['stalled 1100']);
    await pass(1);
    expect(log).toEqual(['stalled 1100', 'wedged 5000 after 5000']);
  });

  test('W4 recovers by the first that is heard of it', async () => {
    const { clock, log, watch, pass } = starting(100);
    watch.asked();
    await pass(100);
    await pass(1_000);
    watch.heard();
    watch.heard();
    expect(log).toEqual(['stalled 100', 'recovered 1100']);
    expect(clock.pending).toBe(0);
  });

  test('W4 is not stalled when they have gone', async () => {
    const { log, watch, pass } = starting(100);
    watch.asked();
    await pass(99);
    watch.left();
    await pass(1_000);
    watch.asked();
    await pass(99);
    expect(log).toEqual([]);
    watch.end();
  });

  test('W4 may have them wait anew where the whole process was stopped', async () => {
    const { clock, log, watch, pass } = starting(100);
    watch.asked();
    clock.leap(1_000);
    await pass(99);
    expect(log).toEqual([]);
    await pass(1);
    expect(log).toEqual(['stalled 1100']);
    watch.end();
  });
});

test('a watch that is over has no timer, and one without limit never had one', () => {
  const { clock, watch } = starting(100);
  watch.asked();
  watch.end();
  expect(clock.pending).toBe(0);
  const endless = starting(Number.POSITIVE_INFINITY);
  endless.watch.asked();
  expect(endless.clock.pending).toBe(0);
});

test('W4 each start after one that took too long has twice its time', () => {
  expect([0, 1, 2, 2_000].map(startPatienceMs)).toEqual([5_000, 10_000, 10_000, 10_000]);
});
