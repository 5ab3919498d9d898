/** The turnstile: what p-queue does with a queue that nothing was added to. */

import { expect, test } from 'vitest';
import { type Entrance, Turnstile } from '../../../src/pool/turnstile.ts';

class Line implements Entrance {
  queued = 0;
  room = 0;
  entered = 0;
  /** Nobody gets in, open or not. */
  stuck = false;
  /** Called as each one enters. */
  onEnter: () => void = () => {};

  get isOpen(): boolean {
    return this.queued > 0 && this.room > 0;
  }

  enter(): boolean {
    if (this.stuck) return false;
    this.queued -= 1;
    this.room -= 1;
    this.entered += 1;
    this.onEnter();
    return true;
  }
}

/** A turnstile is made while nobody waits. */
function stage(queued: number, room: number): { line: Line; turnstile: Turnstile } {
  const line = new Line();
  const turnstile = new Turnstile(line);
  line.queued = queued;
  line.room = room;
  return { line, turnstile };
}

test('H6 lets in as many as there is room for, at once', () => {
  const { line, turnstile } = stage(10, 3);
  turnstile.turn();
  expect(line.entered).toBe(3);
  line.room = 100;
  turnstile.turn();
  expect(line.entered).toBe(10);
  turnstile.turn();
  expect(line.entered).toBe(10);
});

test('H6 lets in 100 000 in one turn', () => {
  const { line, turnstile } = stage(100_000, 100_000);
  turnstile.turn();
  expect(line.entered).toBe(100_000);
});

test('H6 goes on with the turn it is in when it is asked for another from within', () => {
  const { line, turnstile } = stage(5, 5);
  let depth = 0;
  line.onEnter = () => {
    depth += 1;
    expect(depth).toBe(1);
    turnstile.turn();
    depth -= 1;
  };
  turnstile.turn();
  expect(line.entered).toBe(5);
});

test('H6 is closed again after one whose start failed', () => {
  const { line, turnstile } = stage(3, 3);
  line.onEnter = () => {
    throw new Error('broken');
  };
  expect(() => turnstile.turn()).toThrow('broken');
  line.onEnter = () => {};
  turnstile.turn();
  expect(line.entered).toBe(3);
});

test('H6 gives up the turn when the next one could not enter', () => {
  const { line, turnstile } = stage(3, 3);
  line.stuck = true;
  turnstile.turn();
  line.stuck = false;
  turnstile.turn();
  expect(line.entered).toBe(3);
});

test('H6 lets nobody in later by itself', async () => {
  const { line, turnstile } = stage(3, 1);
  turnstile.turn();
  line.room = 2;
  await new Promise((resolve) => setImmediate(resolve));
  expect(line.entered).toBe(1);
});
