import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createHandle, handleTarget, mintRef, rowOf } from '../../src/async-handle.ts';

test('H2 a handle shows its ref and nothing else', () => {
  const target = { secret: 'inside' };
  const handle = createHandle('r1', target);
  expect(Reflect.ownKeys(handle)).toEqual(['ref']);
  expect(handle.ref).toBe('r1');
  expect(JSON.stringify(handle)).toBe('{"ref":"r1"}');
  expect(inspect(handle, { showHidden: true, depth: 5 })).not.toContain('inside');
  expect(Object.values(handle)).toEqual(['r1']);
});

test('H2 a handle is frozen', () => {
  const handle = createHandle('r1', {});
  expect(Object.isFrozen(handle)).toBe(true);
  expect(() => Object.assign(handle, { ref: 'r2' })).toThrow(TypeError);
  expect(() => Object.defineProperty(handle, 'more', { value: 1 })).toThrow(TypeError);
  expect(Reflect.setPrototypeOf(handle, {})).toBe(false);
  expect(handle.ref).toBe('r1');
});

test('H2 the target of a handle is found by the handle', () => {
  const target = {};
  expect(handleTarget(createHandle('r1', target))).toBe(target);
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a ref', 'r1'],
  ['a number', 1],
  ['a function', () => 'r1'],
  ['an object with the same shape', { ref: 'r1' }],
  ['an object that inherits from a handle', Object.create(createHandle('r1', {}))],
  ['a proxy of a handle', new Proxy(createHandle('r1', {}), {})],
  ['a spread handle', { ...createHandle('r1', {}) }],
  ['a cloned handle', structuredClone(createHandle('r1', {}))],
  ['an object of the class without its constructor', bareHandle()],
])('H2 %s has no target', (_name, value) => {
  expect(handleTarget(value)).toBeUndefined();
});

test('H2 refs are unique, and tell nothing of each other across modules', async () => {
  const refs = new Set(Array.from({ length: 10_000 }, (_, row) => mintRef(row)));
  expect(refs.size).toBe(10_000);
  for (const ref of refs) expect(ref).toMatch(/^[\w-]{8}\.[0-9a-z]+\.\d+$/);
});

test('a ref names its row', () => {
  expect(rowOf(mintRef(5))).toBe(5);
  expect(rowOf('a.b')).toBeNaN();
});

function bareHandle(): unknown {
  return Object.create(Object.getPrototypeOf(createHandle('r1', {})));
}
