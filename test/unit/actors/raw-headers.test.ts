/** Header blocks in other forms. */

import { afterEach, expect, test } from 'vitest';
import {
  decodeRawHeaders,
  packHeaders,
  packRawHeaders,
  unpackHeaders,
} from '../../../src/actors/raw-headers.ts';

const RAW = [
  'X-B',
  '2',
  'Set-Cookie',
  'a=1',
  'set-cookie',
  'b=2',
  'X-Empty',
  '',
  'set-cookie',
  'c',
];

afterEach(() => {
  Reflect.deleteProperty(Object.prototype, 'x-b');
});

test('N12 raw headers are the same after a packing, names in lower case make the headers', () => {
  const packed = packRawHeaders(RAW.map((part) => Buffer.from(part, 'latin1')));
  expect(decodeRawHeaders(packed)).toEqual(RAW);
  expect(unpackHeaders(packed)).toEqual({
    'x-b': '2',
    'set-cookie': ['a=1', 'b=2', 'c'],
    'x-empty': '',
  });
  expect([decodeRawHeaders(packRawHeaders([])), unpackHeaders('')]).toEqual([[], {}]);
});

test('N12 headers are the same after a packing', () => {
  const headers = { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] };
  expect(unpackHeaders(packHeaders(headers))).toEqual(headers);
});

test('N11 no header is lost to, or found on, the prototype of objects', () => {
  Reflect.set(Object.prototype, 'x-b', 'polluted');
  const headers = unpackHeaders(packRawHeaders(['__proto__', 'p', 'X-B', '2', 'constructor', 'c']));
  expect(Object.entries(headers)).toEqual([
    ['__proto__', 'p'],
    ['x-b', '2'],
    ['constructor', 'c'],
  ]);
});

test('N12 each block has its own values, however often its names were seen', () => {
  for (let round = 0; round < 600; round += 1) {
    for (const name of ['Same', 'same', `Other-${round}`]) {
      const packed = packRawHeaders([name, `${round}`, 'Set-Cookie', name, 'Set-Cookie', 'b']);
      const headers = { [name.toLowerCase()]: `${round}`, 'set-cookie': [name, 'b'] };
      expect(unpackHeaders(packed)).toEqual(headers);
      expect(decodeRawHeaders(packed)[0]).toBe(name);
    }
  }
});
