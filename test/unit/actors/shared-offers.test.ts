/** The place for the next piece of an upload, as the pool and its thread see it. */

import { expect, test } from 'vitest';
import { OFFER_WORDS, SharedOffer } from '../../../src/actors/shared-offers.ts';

function pair(places = 1) {
  const words = new Int32Array(new SharedArrayBuffer(4 * OFFER_WORDS * places));
  const at = OFFER_WORDS * (places - 1);
  return { words, pool: new SharedOffer(words, at), thread: new SharedOffer(words, at) };
}

test('a piece is taken once, as it was offered', () => {
  const { pool, thread, words } = pair(2);
  pool.put([0, 2_048, 262_144]);
  expect([thread.take(), thread.take()]).toEqual([[0, 2_048, 262_144], undefined]);
  pool.put([15, 1, 2]);
  expect([thread.take(), thread.take()]).toEqual([[15, 1, 2], undefined]);
  expect([...words.subarray(0, OFFER_WORDS)]).toEqual([0, 0, 0]);
});

test('only a thread that awaits a piece has to be told, and of one piece only', () => {
  const { pool, thread } = pair();
  expect(pool.put([1, 0, 1])).toBe(false);
  thread.take();
  expect(pool.put([1, 1, 1])).toBe(false);
  thread.take();
  expect([thread.takeOrAwait(), thread.takeOrAwait(), thread.take()]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(pool.put([1, 2, 1])).toBe(true);
  thread.take();
  expect(pool.put([1, 3, 1])).toBe(false);
  expect([thread.takeOrAwait(), pool.put([1, 4, 1])]).toEqual([[1, 3, 1], false]);
});
