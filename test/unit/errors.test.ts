/** The one error class: what an error of an exchange carries, and what making it leaves behind. */

import { expect, test } from 'vitest';
import { exchangeError, RequestError } from '../../src/errors.ts';

test('E the error of an exchange has no stack, which could only lead into the pool', () => {
  const error = exchangeError('ERR_CANCELLED', { ref: 'a' });
  expect(error).toBeInstanceOf(RequestError);
  expect(error.stack).toBe('RequestError: cancelled');
});

test('E other errors have theirs, also after one without', () => {
  const limit = Error.stackTraceLimit;
  exchangeError('ERR_CANCELLED', {});
  expect(Error.stackTraceLimit).toBe(limit);
  expect(new RequestError('ERR_POOL_CLOSED').stack).toContain('errors.test.ts');
});

test('E where the depth of stacks cannot be set the error is made all the same', () => {
  const limit = Error.stackTraceLimit;
  Object.defineProperty(Error, 'stackTraceLimit', { writable: false });
  try {
    expect(exchangeError('ERR_CANCELLED', {}).code).toBe('ERR_CANCELLED');
  } finally {
    Object.defineProperty(Error, 'stackTraceLimit', { value: limit, writable: true });
  }
});
