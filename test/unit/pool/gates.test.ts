/** The gates of a pool: which there are, and for how long. */

import { expect, test } from 'vitest';
import { Gates } from '../../../src/pool/gates.ts';
import { DEFAULT_LIMITS } from '../../../src/resolved-options.ts';

const rate = { limit: 1, interval: 1_000 };

function gatesOf(limits: Partial<typeof DEFAULT_LIMITS>): Gates {
  return new Gates({ ...DEFAULT_LIMITS, ...limits }, () => {});
}

test('H9 has no gate to pass where nothing is limited', () => {
  const gates = gatesOf({ tenants: new Map([['a', { weight: 2, rate: undefined }]]) });
  expect(gates.isLimiting).toBe(false);
  expect(gates.of({ origin: 'http://a', tenant: 'a' })).toEqual([]);
  expect(gates.pass({ origin: 'http://a', tenant: 'a' }, 0)).toBeUndefined();
});

test('H9 keeps nothing of origins that are not in use', () => {
  const gates = gatesOf({ maxPerOrigin: 1 });
  for (let n = 0; n < 10_000; n += 1) {
    const gate = gates.pass({ origin: `http://${n}`, tenant: '' }, 0);
    if (gate !== undefined) gate.running -= 1;
  }
  expect(gates.all().length).toBeLessThan(200);
});

test('H9 keeps of origins with a rate those that have started something within its interval', () => {
  const gates = gatesOf({ originRate: rate });
  for (let n = 0; n < 10_000; n += 1) {
    const gate = gates.pass({ origin: `http://${n}`, tenant: '' }, n);
    if (gate !== undefined) gate.running -= 1;
  }
  expect(gates.all().length).toBeLessThan(2_200);
  const recent = { origin: 'http://9500', tenant: '' };
  expect(gates.isOpen(recent, 10_000)).toBe(false);
  expect(gates.isOpen(recent, 10_500)).toBe(true);
});

test('H9 keeps the gates of origins where something runs', () => {
  const gates = gatesOf({ maxPerOrigin: 1 });
  for (let n = 0; n < 1_000; n += 1) gates.pass({ origin: `http://${n}`, tenant: '' }, 0);
  for (let n = 0; n < 1_000; n += 1) {
    expect(gates.isOpen({ origin: `http://${n}`, tenant: '' }, 0)).toBe(false);
  }
});

test('H9 takes away the gates of limits that are no more', () => {
  const gates = gatesOf({ tenants: new Map([['a', { weight: 1, rate }]]), originRate: rate });
  const passenger = { origin: 'http://a', tenant: 'a' };
  const gate = gates.pass(passenger, 0);
  if (gate !== undefined) gate.running -= 1;
  gates.change(DEFAULT_LIMITS);
  expect(gates.isOpen(passenger, 1)).toBe(true);
  gates.drop(1);
  expect(gates.isLimiting).toBe(false);
  expect(gates.all()).toHaveLength(1);
});

test('H9 keeps what it has found of an origin for a minute, and a pause until it is over', () => {
  const gates = gatesOf({ maxPerOrigin: 8, adaptive: true });
  for (let n = 0; n < 10_000; n += 1) {
    const gate = gates.pass({ origin: `http://${n}`, tenant: '' }, 100 * n);
    if (gate !== undefined) gate.running -= 1;
  }
  // 600 were used within the last minute of a thousand seconds.
  expect(gates.all().length).toBeLessThan(1_300);
  const last = gates.pass({ origin: 'http://last', tenant: '' }, 1_000_000);
  const answer = { status: 503, headers: { 'retry-after': '120' }, latencyMs: 1 };
  last?.answered(last.window, answer, 1_000_000);
  if (last !== undefined) last.running -= 1;
  gates.drop(1_119_000);
  expect(gates.all()).toHaveLength(2);
  gates.drop(1_120_000);
  expect(gates.all()).toHaveLength(1);
});
