/** Errors that cross threads: the other side finds in them what it would have found in the original. */

import { inspect } from 'node:util';
import { errors } from 'undici';
import { expect, test } from 'vitest';
import { mapForeignError } from '../../../src/actors/foreign-errors.ts';
import { plainFailure, rebuiltFailure } from '../../../src/actors/plain-failure.ts';

const crossed = (error: unknown): unknown => rebuiltFailure(structuredClone(plainFailure(error)));

const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
  code: 'ECONNREFUSED',
  errno: -111,
  syscall: 'connect',
  port: 1,
});

test('E an error keeps name, message, stack, fields and causes', () => {
  const error = new errors.SocketError('other side closed', undefined as never);
  error.cause = refused;
  const rebuilt = crossed(error);
  expect(rebuilt).toBeInstanceOf(Error);
  expect(rebuilt).toMatchObject({
    name: 'SocketError',
    code: 'UND_ERR_SOCKET',
    message: 'other side closed',
    stack: error.stack,
    cause: { code: 'ECONNREFUSED', errno: -111, syscall: 'connect', port: 1 },
  });
});

const point = { started: false, headReceived: false, uploading: false, isTls: false };

test.each([
  ['refused', refused],
  ['of several attempts', new AggregateError([refused, new Error('other')])],
  ['of undici', new errors.RequestContentLengthMismatchError()],
  ['of a proxy', new Error('Proxy response (407) !== 200')],
  ['with a cause', new Error('failed', { cause: refused })],
  ['without a code', new Error('who knows')],
  ['of an HTTP/2 session', Object.assign(new Error('bad'), { http2ErrorCode: 1 })],
])('E an error %s means the same on both sides', (_what, error) => {
  for (const started of [false, true]) {
    const at = { ...point, started };
    expect(mapForeignError(crossed(error), at)).toEqual(mapForeignError(error, at));
  }
});

test('S3 a field that is not printed on one side is not printed on the other', () => {
  const error = new Error('bad byte');
  Object.defineProperty(error, 'data', { value: 'set-cookie: secret', enumerable: false });
  const rebuilt = crossed(error);
  expect(rebuilt).toHaveProperty('data', 'set-cookie: secret');
  expect(inspect(rebuilt)).not.toContain('secret');
});

test('what cannot be cloned is left out, and what is no error is told as it is', () => {
  const circle = new Error('round', { cause: undefined });
  circle.cause = circle;
  Object.assign(circle, { socket: { write() {} }, retry: () => {}, count: 3 });
  expect(crossed(circle)).toMatchObject({ message: 'round', count: 3 });
  expect(crossed(circle)).not.toHaveProperty('socket');
  expect(['text', 7, undefined, null].map(crossed)).toEqual(['text', 7, undefined, null]);
  expect(crossed(() => {})).toBe('a failure that cannot be put into words');
});
