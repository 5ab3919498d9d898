/** The heartbeat of a thread that is up, on a manual clock. */

import { describe, expect, test } from 'vitest';
import { Heartbeat } from '../../../src/actors/heartbeat.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

function heartbeat(wedgeMs = 1_000) {
  const clock = new ManualClock();
  const log: string[] = [];
  const beat = new Heartbeat({
    clock,
    wedgeMs,
    ask: () => log.push(`ask ${clock.now()}`),
    wedged: (silentMs) => log.push(`wedged ${clock.now()} after ${silentMs}`),
  });
  return { clock, log, beat };
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
    beat.stop();
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
    beat.stop();
  });

  test('W4 is asked again where the whole process was stopped', async () => {
    const { beat, clock, log } = heartbeat();
    beat.start();
    clock.advance(250);
    clock.leap(60_000);
    await settled(2);
    expect(log).toEqual(['ask 250', 'ask 60250']);
    beat.stop();
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
});
