/** Marks that two threads share: an exchange is started or revoked, never both. */

import { expect, test } from 'vitest';
import { MarkPage, MarkPages, newMarks, SharedMark } from '../../../src/actors/shared-marks.ts';

/** The mark of an exchange as the pool and as the thread see it. */
function markOf(id: number, memory = newMarks()) {
  const [pool, thread] = [memory, memory].map((each) => new SharedMark(new MarkPage(each), id));
  if (pool === undefined || thread === undefined) throw new Error('two marks');
  return { pool, thread };
}

test('W2 what was started cannot be revoked, what was revoked cannot be started', () => {
  const started = markOf(5);
  expect(started.thread.start()).toBe(true);
  started.pool.revoke();
  expect([started.pool.started, started.thread.start()]).toEqual([true, true]);
  const revoked = markOf(6);
  revoked.pool.revoke();
  expect([started.thread.revoked, revoked.thread.revoked]).toEqual([false, true]);
  expect([revoked.thread.start(), revoked.pool.started]).toEqual([false, false]);
});

test('X1 what the pool has dropped is revoked, started or not', () => {
  const { pool, thread } = markOf(5);
  thread.start();
  pool.drop();
  // Once more, where the peer had refused it.
  expect([thread.revoked, pool.started, thread.start()]).toEqual([true, true, false]);
  const waiting = markOf(6);
  waiting.pool.drop();
  expect([waiting.thread.start(), waiting.pool.started]).toEqual([false, false]);
});

test('W2 tells what has left, also when a connection gives the request back', () => {
  const memory = newMarks();
  const { pool, thread } = markOf(4097, memory);
  thread.start();
  expect([pool.headSent, pool.flushed]).toEqual([false, false]);
  thread.noteHead(true);
  thread.noteFlushed();
  expect([pool.headSent, pool.flushed]).toEqual([true, true]);
  thread.noteHead(false);
  expect([pool.headSent, pool.flushed, pool.started]).toEqual([false, true, true]);
  expect(markOf(4098, memory).pool.headSent).toBe(false);
});

test('U9 counts the bytes of a body beyond what 32 bits hold', () => {
  const { pool, thread } = markOf(0);
  thread.notePassed(1_000);
  expect([pool.passedSince(0), pool.passedSince(1_000)]).toEqual([1_000, 0]);
  const known = 2 ** 32 - 1;
  thread.notePassed(known + 11);
  expect(pool.passedSince(known)).toBe(11);
});

test('each exchange has a mark of its own, on the page that the thread was told of last', () => {
  const told: SharedArrayBuffer[] = [];
  const pages = new MarkPages((memory) => told.push(memory));
  const seen = Array.from({ length: 4_097 }, () => {
    const { id, mark } = pages.next();
    const memory = told.at(-1);
    if (memory === undefined) throw new Error('no page');
    const thread = new SharedMark(new MarkPage(memory), id);
    const wasStarted = thread.started;
    thread.start();
    return !wasStarted && mark.started;
  });
  expect([seen.every(Boolean), told.length]).toEqual([true, 2]);
});
