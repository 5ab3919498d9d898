/** Single traits of the waiting line; its order is tested as a property. */

import { expect, test } from 'vitest';
import { WaitingLine } from '../../../src/pool/waiting-line.ts';

const claim = { tenant: 'a', origin: 'http://x', priority: 0, nowMs: 0 };

function lineOf(weights: Readonly<Record<string, number>> = {}): WaitingLine<string> {
  return new WaitingLine((tenant) => weights[tenant] ?? 1);
}

function all(line: WaitingLine<string>): string[] {
  const items: string[] = [];
  for (let next = line.dequeue(); next !== undefined; next = line.dequeue()) items.push(next);
  return items;
}

test('H9 knows no origin or tenant that nobody waits for', () => {
  const line = lineOf();
  expect(line.block('http://x')).toBe(false);
  expect(line.blockTenant('a')).toBe(false);
  line.enqueue('1', claim);
  line.enqueue('other', { ...claim, tenant: 'b', origin: 'http://y' });
  expect(line.block('http://x')).toBe(true);
  expect(line.blockTenant('a')).toBe(true);
  line.unblock('http://x');
  line.unblockTenant('a');
  expect(all(line).sort()).toEqual(['1', 'other']);
  expect(line.block('http://x')).toBe(false);
  expect(line.blockTenant('a')).toBe(false);
});

test('H9 goes on by weight at an origin that was blocked once', () => {
  const line = lineOf({ a: 3 });
  for (let n = 0; n < 12; n += 1) {
    line.enqueue('a', claim);
    line.enqueue('b', { ...claim, tenant: 'b' });
  }
  line.block('http://x');
  expect(line.isReady).toBe(false);
  line.unblock('http://x');
  const first = Array.from({ length: 12 }, () => line.dequeue());
  expect(first.filter((item) => item === 'a')).toHaveLength(9);
});

test('H9 gives an origin that was blocked to the new weights', () => {
  const weights: Record<string, number> = {};
  const line = lineOf(weights);
  for (let n = 0; n < 20; n += 1) {
    line.enqueue('a', claim);
    line.enqueue('b', { ...claim, tenant: 'b' });
  }
  line.block('http://x');
  weights.b = 4;
  line.reweigh();
  line.unblock('http://x');
  const first = Array.from({ length: 20 }, () => line.dequeue());
  expect(first.filter((item) => item === 'b').length).toBeGreaterThanOrEqual(15);
});

test('H9 moves nobody of a blocked tenant, also where it is the first at a blocked origin', () => {
  const line = lineOf();
  line.enqueue('a', claim);
  line.enqueue('b', { ...claim, tenant: 'b' });
  line.block('http://x');
  line.blockTenant('a');
  line.unblock('http://x');
  expect(all(line)).toEqual(['b']);
  line.unblockTenant('a');
  expect(all(line)).toEqual(['a']);
});

test('H9 forgets all turns once nobody waits', () => {
  const line = lineOf({ a: 0.001 });
  line.enqueue('1', claim);
  line.enqueue('2', { ...claim, tenant: 'b' });
  expect(all(line)).toEqual(['1', '2']);
  line.enqueue('3', claim);
  line.enqueue('4', { ...claim, tenant: 'b' });
  expect(all(line)).toEqual(['3', '4']);
});

test('H9 orders priorities that no clock could tell apart by their coming', () => {
  const line = lineOf();
  line.enqueue('huge', { ...claim, priority: 1e300 });
  line.enqueue('greatest', { ...claim, priority: Number.MAX_VALUE });
  line.enqueue('great', { ...claim, priority: Number.MAX_VALUE, nowMs: 5 });
  line.enqueue('least', { ...claim, priority: -Number.MAX_VALUE, nowMs: 6 });
  line.enqueue('none', { ...claim, nowMs: 7 });
  expect(all(line)).toEqual(['greatest', 'great', 'huge', 'none', 'least']);
});
