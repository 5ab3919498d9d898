/** Clause N11: what stands on `Object.prototype` changes neither an error nor what it is taken for. */

import { afterEach, expect, test } from 'vitest';
import { isDispatcherGone, mapForeignError } from '../../../src/actors/foreign-errors.ts';
import { plainFailure, rebuiltFailure } from '../../../src/actors/plain-failure.ts';
import { badOptions, RequestError } from '../../../src/errors.ts';
import { createPool } from '../../../src/index.ts';
import { codeOf } from '../../helpers/ends.ts';

/** What an error says of itself, and what is looked for in undici's and Node's. */
const POLLUTION: Readonly<Record<string, unknown>> = {
  message: 'polluted',
  phase: 'body',
  ref: 'polluted',
  method: 'POLLUTED',
  origin: 'http://polluted.invalid',
  sent: true,
  retryable: true,
  cause: Object.assign(new Error('polluted'), { code: 'ENOTFOUND' }),
  issues: [{ option: 'polluted', problem: 'polluted' }],
  code: 'UND_ERR_DESTROYED',
  syscall: 'getaddrinfo',
  http2ErrorCode: 1,
  errors: [new Error('polluted')],
  'retry-after': '7',
};

afterEach(() => {
  for (const name of Object.keys(POLLUTION)) Reflect.deleteProperty(Object.prototype, name);
});

const POINT = { started: false, headReceived: false, uploading: false, isTls: true } as const;

/** All that is told of errors of the pool's and of others, as text. */
function told(): string {
  const foreign = new Error('the stream was closed');
  const crossed = rebuiltFailure(structuredClone(plainFailure(foreign))) as Error;
  const own = [
    new RequestError('ERR_AWAIT_TIMEOUT'),
    new RequestError('ERR_CANCELLED', { ref: 'a', cause: foreign }),
    badOptions([{ option: 'a', problem: 'is wrong' }]),
  ];
  return JSON.stringify([
    ...own.map((error) => [error.toJSON(), Object.keys(error), Object.hasOwn(error, 'cause')]),
    ...[foreign, crossed].map((error) => [
      mapForeignError(error, POINT),
      mapForeignError(error, { ...POINT, started: true }),
      isDispatcherGone(error),
      Object.getOwnPropertyNames(error).sort(),
    ]),
  ]);
}

test.each(Object.entries(POLLUTION))('N11 a polluted %s changes no error', (name, value) => {
  const before = told();
  Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
  expect(told()).toBe(before);
});

test('N11 a fault of a dispatcher is one, whatever the code of all objects', async () => {
  const dispatcher = () => {
    throw new TypeError('no transport');
  };
  await using pool = createPool({ workers: 1, maxRestarts: 0, dispatcher });
  Object.defineProperty(Object.prototype, 'code', { value: 'UND_ERR_CLOSED', configurable: true });
  expect(await codeOf(Promise.resolve().then(() => pool.get('http://peer.test/')))).toBe(
    'ERR_POOL_FAILED',
  );
});
