/**
 * Every kind of caller, watched without a pool: one listener, one report, and none too many.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  CallerMonitor,
  isDead,
  isWatchable,
  type Watcher,
} from '../../../src/actors/caller-monitor.ts';
import { type LivingCaller, LOCAL_CALLERS } from '../../helpers/callers.ts';
import { SERVER_CALLERS } from '../../helpers/server-callers.ts';

/** Counts its reports, and can be waited for. */
class Heard implements Watcher {
  reports = 0;
  readonly #first = Promise.withResolvers<void>();
  readonly first = this.#first.promise;

  callerDied(): void {
    this.reports += 1;
    this.#first.resolve();
  }
}

const kinds: readonly (readonly [string, () => Promise<LivingCaller>])[] = [
  ...LOCAL_CALLERS,
  ...SERVER_CALLERS,
];

describe.each(kinds)('%s', (_name, make) => {
  test('C1 is watched by one listener for many, and by none when the last has left', async () => {
    await using living = await make();
    const before = living.listeners();
    const monitor = new CallerMonitor();
    const watchers = Array.from({ length: 1000 }, () => new Heard());
    for (const watcher of watchers) monitor.watch(living.caller, watcher);
    expect(living.listeners() - before).toBe(living.worth);
    expect(monitor.size).toBe(1);
    for (const watcher of watchers) monitor.unwatch(living.caller, watcher);
    expect(living.listeners() - before).toBe(0);
    expect(monitor.size).toBe(0);
    expect(watchers.reduce((sum, { reports }) => sum + reports, 0)).toBe(0);
  });

  test('C1 dies once for each watcher, and leaves no listener', async () => {
    await using living = await make();
    expect(isWatchable(living.caller)).toBe(true);
    expect(isDead(living.caller)).toBe(false);
    const monitor = new CallerMonitor();
    const [one, other] = [new Heard(), new Heard()];
    const order: string[] = [];
    void one.first.then(() => order.push('one'));
    void other.first.then(() => order.push('other'));
    monitor.watch(living.caller, one);
    monitor.watch(living.caller, other);
    living.die();
    await Promise.all([one.first, other.first]);
    expect(order).toEqual(['one', 'other']);
    expect(isDead(living.caller)).toBe(true);
    expect(monitor.size).toBe(0);
    await living[Symbol.asyncDispose]();
    expect([one.reports, other.reports]).toEqual([1, 1]);
  });

  test('C5 is known to be dead by those who come late', async () => {
    await using living = await make();
    const heard = new Heard();
    const monitor = new CallerMonitor();
    monitor.watch(living.caller, heard);
    living.die();
    await heard.first;
    await turn();
    expect(isDead(living.caller)).toBe(true);
  });
});

describe.each(SERVER_CALLERS)('%s', (_name, make) => {
  test('C1 is not dead once it was answered, also when its connection closes', async () => {
    await using living = await make();
    const heard = new Heard();
    const monitor = new CallerMonitor();
    monitor.watch(living.caller, heard);
    await living.answer();
    await living.disconnect();
    expect(isDead(living.caller)).toBe(false);
    expect(heard.reports).toBe(0);
    monitor.unwatch(living.caller, heard);
  });
});

describe('streams that end in peace', () => {
  const ended: readonly (readonly [string, () => Promise<Readable | Writable>])[] = [
    [
      'a Readable that was read',
      async () => {
        const readable = Readable.from(['all of it']);
        await readable.toArray();
        return readable;
      },
    ],
    [
      'a Writable that has finished',
      async () => {
        const writable = new Writable({ write: (_chunk, _encoding, done) => done() });
        writable.end('all of it');
        await once(writable, 'close');
        return writable;
      },
    ],
    [
      'a Duplex of which both sides have ended',
      async () => {
        const duplex = new PassThrough();
        duplex.end('all of it');
        await duplex.toArray();
        return duplex;
      },
    ],
  ];

  test.each(ended)('C1 %s is complete, not dead', async (_name, make) => {
    expect(isDead(await make())).toBe(false);
  });

  test('C1 a Duplex of which only the readable side has ended dies when it closes', async () => {
    const duplex = new PassThrough();
    const heard = new Heard();
    new CallerMonitor().watch(duplex, heard);
    duplex.push(null);
    duplex.resume();
    await once(duplex, 'end');
    expect(heard.reports).toBe(0);
    duplex.destroy();
    await heard.first;
    expect(isDead(duplex)).toBe(true);
  });
});

test('C1 a ChildProcess that could not be started is dead', async () => {
  const failed = spawn('/there/is/no/such/program');
  const gone = once(failed, 'error');
  expect(isDead(failed)).toBe(true);
  await gone;
});

test('C1 refuses what has no death to be observed', () => {
  for (const value of [undefined, null, 1, 'x', {}, [], () => {}, new Map(), new EventTarget()]) {
    expect(isWatchable(value)).toBe(false);
  }
});

test('H3 a watcher that throws keeps no other one from hearing of a death', () => {
  const monitor = new CallerMonitor();
  const caller = new AbortController();
  const heard = new Heard();
  const failing: Watcher = {
    callerDied() {
      throw new Error('broken');
    },
  };
  // Told at once, as the listener of an event may not throw where a test hears of it.
  let died = (): void => {};
  Object.defineProperty(caller.signal, 'addEventListener', {
    value: (_type: string, listener: () => void) => {
      died = listener;
    },
  });
  monitor.watch(caller.signal, failing);
  monitor.watch(caller.signal, heard);
  expect(() => died()).toThrow('broken');
  expect([heard.reports, monitor.size]).toEqual([1, 0]);
});

test('C1 a watcher that leaves twice, or was never there, changes nothing', () => {
  const controller = new AbortController();
  const monitor = new CallerMonitor();
  const [one, other] = [new Heard(), new Heard()];
  monitor.watch(controller.signal, one);
  monitor.unwatch(controller.signal, other);
  monitor.watch(controller.signal, other);
  monitor.unwatch(controller.signal, one);
  monitor.unwatch(controller.signal, one);
  controller.abort();
  expect([one.reports, other.reports]).toEqual([0, 1]);
});
