/** A thread from its start to its silence, on a manual clock. */

import { expect, test } from 'vitest';
import { ThreadPulse } from '../../../src/actors/thread-pulse.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

function thread() {
  const clock = new ManualClock();
  const log: string[] = [];
  const note = (what: string) => () => void log.push(`${what} ${clock.now()}`);
  const pulse = new ThreadPulse({
    clock,
    wedgeMs: 1_000,
    startMs: 5_000,
    ask: note('ask'),
    stalled: note('stalled'),
    recovered: note('recovered'),
    wedged: note('wedged'),
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settled(2);
  };
  return { clock, log, pass, pulse };
}

test('W4 asks nothing of a thread that starts, and gives its first silence all the time', async () => {
  const { log, pass, pulse } = thread();
  pulse.busy();
  await pass(900);
  expect([log, pulse.isUp]).toEqual([[], false]);
  pulse.heard();
  expect(pulse.isUp).toBe(true);
  await pass(999);
  expect(log).toEqual(['ask 1150']);
  await pass(1);
  expect(log).toEqual(['ask 1150', 'wedged 1900']);
});

test('W4 tells of a start that was too slow for those who waited, and of its end', async () => {
  const { log, pass, pulse } = thread();
  pulse.busy();
  await pass(1_000);
  pulse.idle();
  await pass(1_000);
  pulse.heard();
  expect(log).toEqual(['stalled 1000', 'recovered 2000']);
});

test('W4 leaves a thread alone that came up before anything was asked of it', async () => {
  const { clock, log, pass, pulse } = thread();
  pulse.heard();
  expect(clock.pending).toBe(0);
  pulse.busy();
  await pass(250);
  pulse.idle();
  expect([log, clock.pending]).toEqual([['ask 250'], 0]);
});

test.each([false, true])('W4 has no timer after its end, up or not (%s)', (isUp) => {
  const { clock, pulse } = thread();
  if (isUp) pulse.heard();
  pulse.busy();
  expect(clock.pending).toBeGreaterThan(0);
  pulse.end();
  expect(clock.pending).toBe(0);
});
