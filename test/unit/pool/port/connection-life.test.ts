/** Where the caller's end of a port stands: what it refuses, and what becomes of all that runs. */

import { expect, test } from 'vitest';
import { ConnectionLife } from '../../../../src/pool/port/connection-life.ts';

type Step = 'close' | 'destroy' | 'end' | 'gone' | 'announced';

function after(...steps: readonly Step[]): ConnectionLife {
  const life = new ConnectionLife();
  for (const step of steps) life[step]('ERR_POOL_FAILED');
  return life;
}

test.each<readonly [steps: readonly Step[], code: string]>([
  [['close'], 'ERR_POOL_CLOSED'],
  [['announced'], 'ERR_POOL_FAILED'],
  [['destroy', 'end'], 'ERR_POOL_DESTROYED'],
  [['gone'], 'ERR_POOL_DESTROYED'],
  [['close', 'announced', 'gone'], 'ERR_POOL_CLOSED'],
  [['announced', 'close', 'gone'], 'ERR_POOL_FAILED'],
  [['close', 'destroy', 'close'], 'ERR_POOL_DESTROYED'],
  [['close', 'end', 'destroy'], 'ERR_POOL_CLOSED'],
])('P1 after %j asks for nothing more: %s', (steps, code) => {
  expect(() => after(...steps).assertOpen()).toThrow(expect.objectContaining({ code }));
});

test('P1 lets be asked for more what is open, and be answered what closes', () => {
  after().assertOpen();
  after('close', 'announced').assertConnected();
  const code = 'ERR_POOL_CLOSED';
  const closed = after('close', 'end');
  expect(() => closed.assertConnected()).toThrow(expect.objectContaining({ code }));
});

test('P1 closes its port once, and not where that has happened at the other end', () => {
  const life = after('close');
  expect([life.end(), life.end(), after('gone').end()]).toEqual([true, false, false]);
});

test('H3 what runs is lost for the reason that the pool has told, if it has', () => {
  expect(after('close').gone()).toBe('ERR_POOL_DESTROYED');
  expect(after('close', 'announced').gone()).toBe('ERR_POOL_FAILED');
});
