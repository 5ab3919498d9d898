/** The heartbeat of a thread, on a manual clock. */

import { expect, test } from 'vitest';
import { Heartbeat } from '../../../src/actors/heartbeat.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

/** The heart of a thread that is up. */
function heartbeat(wedgeMs = 1_000) {
  const clock = new ManualClock();
  const log: string[] = [];
  const beat = new Heartbeat({
    clock,
    wedgeMs,
    ask: () => log.push(`ask ${clock.now()}`),
    wedged: () => log.push(`wedged ${clock.now()}`),
  });
  beat.heard();
  return { clock, log, beat };
}

test('W4 a thread that is silent is asked, and found when it does not answer in time', async () => {
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
  expect([log, clock.pending]).toEqual([['ask 250', 'wedged 1000'], 0]);
});

test('W4 a thread that speaks is not asked, one that answers is left alone', async () => {
  const { beat, clock, log } = heartbeat();
  beat.start();
  for (let at = 0; at < 2_000; at += 200) {
    beat.heard();
    clock.advance(200);
  }
  expect(log).toEqual([]);
  clock.advance(250);
  expect(log).toHaveLength(1);
  beat.heard();
  clock.advance(750);
  await settled(2);
  expect(log).toHaveLength(1);
});

test('W4 an answer that lies unread because this thread was busy counts', async () => {
  const { beat, clock, log } = heartbeat();
  beat.start();
  clock.advance(1_000);
  // What a port does whose message waits: it comes before the turn is over.
  beat.heard();
  await settled(2);
  expect(log).toEqual(['ask 250']);
  beat.stop();
});

test('W4 a process that was stopped asks again', async () => {
  const { beat, clock, log } = heartbeat();
  const late: { fire: () => void } = { fire: () => {} };
  const stopped = new Heartbeat({
    clock: {
      ...clock,
      now: clock.now,
      setTimeout: (fire) => {
        late.fire = fire;
        return late;
      },
      clearTimeout: () => {},
    },
    wedgeMs: 1_000,
    ask: () => log.push('ask'),
    wedged: () => log.push('wedged'),
  });
  stopped.heard();
  stopped.start();
  late.fire();
  clock.advance(60_000);
  late.fire();
  await settled(2);
  expect(log).toEqual(['ask', 'ask']);
  beat.stop();
});

test('W4 a thread has five seconds to come up, however little it has afterwards', async () => {
  const clock = new ManualClock();
  const log: string[] = [];
  const options = {
    clock,
    wedgeMs: 100,
    ask: () => log.push('ask'),
    wedged: () => log.push('wedged'),
  };
  const [quick, stuck] = [new Heartbeat(options), new Heartbeat(options)];
  for (const beat of [quick, stuck]) beat.start();
  clock.advance(4_999);
  quick.heard();
  clock.advance(1);
  await settled(2);
  quick.stop();
  expect(log).toEqual(['wedged']);
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
  expect([endless.clock.pending, log]).toEqual([0, []]);
});
