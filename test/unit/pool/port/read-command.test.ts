/** What is read as a command, of all that can be posted on a port. */

import { expect, test } from 'vitest';
import { readCommand } from '../../../../src/pool/port/read-command.ts';

/** As long as a list can be, and empty. */
const ENDLESS: readonly unknown[] = Object.assign([], { length: 2 ** 32 - 1 });

const call = {
  url: 'http://peer.test/',
  method: 'POST',
  headers: ['x-one', '1'],
  options: { stream: true },
  body: { bytes: new Uint8Array(2) },
  credit: 10,
};
const request = { type: 'request', ref: 'a.1', call };

test('W6 a request is read as it was packed', () => {
  expect(readCommand(request)).toEqual(request);
});

test.each([
  ['a list of headers that is endless', { headers: ENDLESS }],
  ['a list of headers with gaps', { headers: Object.assign(['x-one'], { length: 3 }) }],
  ['options that are a list', { options: ENDLESS }],
  ['options that are bytes', { options: new Uint8Array(8) }],
  ['options that are a map', { options: new Map([['stream', true]]) }],
  [
    'a body in memory that is shared',
    { body: { bytes: new Uint8Array(new SharedArrayBuffer(8)) } },
  ],
  ['no credit', { credit: Number.NaN }],
])('W6 a request with %s is none', (_what, part) => {
  expect(readCommand({ ...request, call: { ...call, ...part } })).toBeUndefined();
});

test('W6 a chunk in memory that is shared, and may grow while it is counted, is none', () => {
  const memory = new SharedArrayBuffer(4, { maxByteLength: 8 });
  const chunk = new Uint8Array(memory);
  expect(readCommand({ type: 'body', ref: 'a.1', chunk })).toBeUndefined();
  const question = { verb: 'send', ref: 'a.1', chunk };
  expect(readCommand({ type: 'ask', id: 1, question })).toBeUndefined();
});

test('N11 what only the prototype has is not read', () => {
  Object.defineProperty(Object.prototype, 'heard', { value: true, configurable: true });
  try {
    expect(readCommand({ type: 'caller_died', ref: 'a.1' })).toBeUndefined();
  } finally {
    Reflect.deleteProperty(Object.prototype, 'heard');
  }
});
