/** Where a pool stands: which step follows which, and what each leaves to be asked for. */

import { expect, test } from 'vitest';
import { PoolLife } from '../../../src/pool/pool-life.ts';

type Step = 'close' | 'destroy' | 'fail';

test.each<readonly [steps: readonly Step[], taken: readonly boolean[], code: string]>([
  [['close', 'close'], [true, false], 'ERR_POOL_CLOSED'],
  [['close', 'destroy'], [true, true], 'ERR_POOL_DESTROYED'],
  [['close', 'fail'], [true, true], 'ERR_POOL_FAILED'],
  [['destroy', 'destroy', 'close', 'fail'], [true, false, false, false], 'ERR_POOL_DESTROYED'],
  [['fail', 'fail', 'destroy', 'close'], [true, false, false, false], 'ERR_POOL_FAILED'],
])('P1 %j: each step is taken once, and none leads back', (steps, taken, code) => {
  const life = new PoolLife();
  expect([life.isOpen, life.isLiving, life.isClosing]).toEqual([true, true, false]);
  life.assertOpen();
  expect(steps.map((step) => life[step]())).toEqual(taken);
  expect(() => life.assertOpen()).toThrow(expect.objectContaining({ code }));
  const closing = code === 'ERR_POOL_CLOSED';
  expect([life.isOpen, life.isLiving, life.isClosing]).toEqual([false, closing, closing]);
});
