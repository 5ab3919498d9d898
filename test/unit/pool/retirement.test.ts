/** Closing the dispatchers of workers that are gone, with dispatchers that close as told. */

import { Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import { Retirement } from '../../../src/pool/retirement.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

/** Notes what is asked of it; each answer is the test's. */
class Scripted extends Dispatcher {
  readonly calls: string[] = [];
  readonly closing = Promise.withResolvers<void>();
  readonly destroying = Promise.withResolvers<void>();

  override close(): Promise<void> {
    this.calls.push('close');
    return this.closing.promise;
  }

  override destroy(): Promise<void> {
    this.calls.push('destroy');
    return this.destroying.promise;
  }
}

function setUp() {
  const clock = new ManualClock();
  const retirement = new Retirement(clock);
  const dispatcher = new Scripted();
  let isDone = false;
  /** Whether `done` has resolved, once everything that can happen has happened. */
  const done = async (): Promise<boolean> => {
    void retirement.done().then(() => {
      isDone = true;
    });
    await settled();
    return isDone;
  };
  return { clock, retirement, dispatcher, done };
}

describe('retirement', () => {
  test('W1 destroys what died a turn later, when its exchanges have been answered', async () => {
    const { retirement, dispatcher, done } = setUp();
    retirement.retire(dispatcher, false);
    expect(dispatcher.calls).toEqual([]);
    expect(await done()).toBe(false);
    expect(dispatcher.calls).toEqual(['destroy']);
    dispatcher.destroying.resolve();
    expect(await done()).toBe(true);
  });

  test('P1 closes in peace first, and destroys what is left', async () => {
    const { clock, retirement, dispatcher, done } = setUp();
    retirement.retire(dispatcher, true);
    expect(await done()).toBe(false);
    expect(dispatcher.calls).toEqual(['close']);
    dispatcher.closing.resolve();
    dispatcher.destroying.resolve();
    expect(await done()).toBe(true);
    expect([dispatcher.calls, clock.pending]).toEqual([['close', 'destroy'], 0]);
  });

  test('P1 waits no longer than its grace for a close that does not come', async () => {
    const { clock, retirement, dispatcher, done } = setUp();
    dispatcher.destroying.resolve();
    retirement.retire(dispatcher, true);
    await done();
    clock.advance(999);
    expect(await done()).toBe(false);
    clock.advance(1);
    expect(await done()).toBe(true);
    expect(dispatcher.calls).toEqual(['close', 'destroy']);
  });

  test('P1 is done also with a dispatcher that fails to close and to be destroyed', async () => {
    const { clock, retirement, dispatcher, done } = setUp();
    retirement.retire(dispatcher, true);
    expect(await done()).toBe(false);
    dispatcher.closing.reject(new Error('close failed'));
    await settled();
    dispatcher.destroying.reject(new Error('destroy failed'));
    expect(await done()).toBe(true);
    expect([dispatcher.calls, clock.pending]).toEqual([['close', 'destroy'], 0]);
  });

  test('P1 is done also with a dispatcher whose methods throw, or are missing', async () => {
    const { retirement, done } = setUp();
    class Throwing extends Scripted {
      override close(): never {
        throw new Error('close threw');
      }
      override destroy(): never {
        throw new Error('destroy threw');
      }
    }
    retirement.retire(new Throwing(), true);
    retirement.retire(new Throwing(), false);
    retirement.retire(new Dispatcher(), true);
    expect(await done()).toBe(true);
  });

  test('P1 waits also for what is retired while it waits', async () => {
    const { retirement, dispatcher, done } = setUp();
    const second = new Scripted();
    retirement.retire(dispatcher, false);
    await done();
    retirement.retire(second, false);
    dispatcher.destroying.resolve();
    expect(await done()).toBe(false);
    second.destroying.resolve();
    expect(await done()).toBe(true);
  });
});
