/** The clock of a thread that is sometimes busy. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { collectUnhandled, settled } from '../helpers/leaks.ts';

const run = promisify(execFile);

const BUSY_MS = 200;

/** Resolves when a timer fires; when that is. */
function timer(ms: number): Promise<number> {
  return new Promise((resolve) => realClock.setTimeout(() => resolve(realClock.now()), ms));
}

/** Nothing happens in this thread for a while. */
function block(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
}

describe('the real clock', () => {
  test('has missed what came while its thread was busy, at a timer that was due soon', async () => {
    const startMs = realClock.now();
    const fired = [timer(50), timer(60)];
    block();
    await Promise.all(fired);
    await Promise.all([timer(1), timer(1)]);
    const missedMs = realClock.missedSince(startMs);
    expect(missedMs).toBeGreaterThan(BUSY_MS / 2);
    // Once, however many timers notice it, and nothing of it after it was over.
    expect(missedMs).toBeLessThan(realClock.now() - startMs);
    expect(realClock.missedSince(startMs + missedMs / 2)).toBeLessThan(missedMs);
    expect(realClock.missedSince(realClock.now())).toBe(0);
  });

  test('has missed what came before a timer was due that fires in time', async () => {
    const startMs = realClock.now();
    const fired = timer(BUSY_MS + 50);
    // In the last tenth of a second, and over before it is due.
    await timer(BUSY_MS - 30);
    const fromMs = realClock.now();
    while (realClock.now() < fromMs + 60);
    const firedMs = await fired;
    expect(firedMs - startMs).toBeGreaterThanOrEqual(BUSY_MS + 50);
    expect(realClock.missedSince(startMs)).toBeGreaterThan(20);
  });

  test.each([
    ['a timer until it fires', {}, 'fired\n'],
    ['none that is told not to', { ref: false }, ''],
  ])('keeps its process alive for %s', async (_what, options, said) => {
    const text = `
      import { realClock } from '${new URL('../../src/clock.ts', import.meta.url)}';
      realClock.setTimeout(() => console.log('fired'), 50, ${JSON.stringify(options)});
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text]);
    expect(stdout).toBe(said);
  });

  test('lets what came while its thread was busy be heard before a timer that is late', async () => {
    const heard: string[] = [];
    const { port1, port2 } = new MessageChannel();
    // From here the loop goes on to its timers, and only then to what has come.
    await settled(1);
    const come = new Promise<void>((resolve) => {
      port2.once('message', () => resolve(void heard.push('message')));
    });
    const fired = timer(20).then(() => heard.push('timer'));
    port1.postMessage('something');
    block();
    await Promise.all([fired, come]);
    port1.close();
    expect(heard).toEqual(['message', 'timer']);
  });

  test('waits for what is further away than a timer of Node can be', async () => {
    using seen = collectUnhandled();
    const fired: string[] = [];
    const far = realClock.setTimeout(() => fired.push('far'), 2 ** 40);
    await timer(50);
    realClock.clearTimeout(far);
    expect([fired, seen.warnings]).toEqual([[], []]);
  });

  test('fires no timer that was cleared, at whatever stage', async () => {
    const fired: string[] = [];
    const timers = ['far', 'near'].map((name, at) =>
      realClock.setTimeout(() => fired.push(name), at === 0 ? 150 : 40),
    );
    await timer(20);
    for (const one of timers) realClock.clearTimeout(one);
    realClock.clearTimeout(undefined);
    await timer(200);
    expect(fired).toEqual([]);
  });
});
