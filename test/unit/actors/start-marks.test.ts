/** Marks that two threads share: an exchange is started or revoked, never both. */

import { expect, test } from 'vitest';
import { beginsPage, newMarks, StartMark } from '../../../src/actors/start-marks.ts';

test('W2 what was started cannot be revoked, what was revoked cannot be started', () => {
  const marks = newMarks();
  const [pool, thread] = [new StartMark(marks, 5), new StartMark(marks, 5)];
  expect([thread.start(), pool.revoke(), thread.start()]).toEqual([true, false, true]);
  const [otherPool, otherThread] = [new StartMark(marks, 6), new StartMark(marks, 6)];
  expect([otherPool.revoke(), otherThread.start(), otherPool.revoke()]).toEqual([
    true,
    false,
    true,
  ]);
});

test('W2 tells what has left, also when a connection gives the request back', () => {
  const marks = newMarks();
  const mark = new StartMark(marks, 4097);
  mark.start();
  expect([mark.headSent, mark.flushed]).toEqual([false, false]);
  mark.noteHead(true);
  mark.noteFlushed();
  expect([mark.headSent, mark.flushed]).toEqual([true, true]);
  mark.noteHead(false);
  expect([mark.headSent, mark.flushed, mark.revoke()]).toEqual([false, true, false]);
  expect(new StartMark(marks, 4098).headSent).toBe(false);
});

test('each exchange has a byte of its own until a page is full', () => {
  expect([0, 1, 4095, 4096, 4097].map(beginsPage)).toEqual([true, false, false, true, false]);
});
