/**
 * A program of its own, for its heap: prints what is left on it of some 20 MB that were in a map for a
 * while, some at a time, after minor collections alone. Its argument says which kind of map.
 */

import { getHeapSpaceStatistics } from 'node:v8';
import { TurnoverMap } from '../../src/actors/turnover-map.ts';

const HELD = 64;
const COUNT = 20_000;

const map =
  process.argv[2] === 'Map' ? new Map<number, unknown>() : new TurnoverMap<number, unknown>();
for (let key = 0; key < HELD; key += 1) map.set(key, ballast());
globalThis.gc?.();
const before = heapBytes();
for (let key = HELD; key < COUNT; key += 1) {
  map.set(key, ballast());
  map.delete(key - HELD);
  if (key % 1000 === 0) globalThis.gc?.({ type: 'minor' });
}
globalThis.gc?.({ type: 'minor' });
globalThis.gc?.({ type: 'minor' });
console.log(heapBytes() - before);

function ballast(): unknown {
  return new Array(128).fill(0);
}

function heapBytes(): number {
  return getHeapSpaceStatistics().reduce((sum, { space_used_size }) => sum + space_used_size, 0);
}
