/** Which timeout is due next: the pure function, case by case. */

import { describe, expect, test } from 'vitest';
import type { ExchangeState } from '../../../src/actors/request-lifecycle.ts';
import { type FlightTimes, nextTimeout } from '../../../src/pool/flight-deadlines.ts';
import type { ResolvedRequest } from '../../../src/resolved-options.ts';

const OFF = Number.POSITIVE_INFINITY;

type Limits = Pick<
  ResolvedRequest,
  | 'timeoutMs'
  | 'connectTimeoutMs'
  | 'headersTimeoutMs'
  | 'idleTimeoutMs'
  | 'queueTimeoutMs'
  | 'minThroughput'
>;

const NO_LIMITS: Limits = {
  timeoutMs: OFF,
  connectTimeoutMs: OFF,
  headersTimeoutMs: OFF,
  idleTimeoutMs: OFF,
  queueTimeoutMs: OFF,
  minThroughput: undefined,
};

const ALL: Limits = {
  timeoutMs: 5_000,
  connectTimeoutMs: 1_000,
  headersTimeoutMs: 2_000,
  idleTimeoutMs: 3_000,
  queueTimeoutMs: 4_000,
  minThroughput: { bytes: 1, interval: 500 },
};

/** Nothing has happened yet but its creation, at 0. */
const NEW: FlightTimes = {
  createdMs: 0,
  queuedMs: 0,
  admittedMs: Number.NaN,
  dispatchedMs: Number.NaN,
  sentMs: Number.NaN,
  headMs: Number.NaN,
  movedMs: 0,
  drainUntilMs: Number.NaN,
  throughputMs: Number.NaN,
  throughputBytes: 0,
};

function due(type: ExchangeState['type'], times: Partial<FlightTimes>, limits: Partial<Limits>) {
  // Of a settled state nothing is asked; of a request only its limits are read.
  const state = { type, upload: 'none', audience: 'listening' } as ExchangeState;
  const request = { ...NO_LIMITS, ...limits } as ResolvedRequest;
  return nextTimeout(state, { ...NEW, ...times }, request);
}

/** Admitted at 100, connected and sent at 200, headers at 300, last byte at 400. */
const TIMES: Partial<FlightTimes> = { admittedMs: 100, dispatchedMs: 100, movedMs: 100 };
const SENT: Partial<FlightTimes> = { ...TIMES, sentMs: 200, movedMs: 200 };
const FLOWING: Partial<FlightTimes> = { ...SENT, headMs: 300, movedMs: 400 };

describe('next timeout', () => {
  test('is never, when all are off', () => {
    for (const type of ['queued', 'connecting', 'waiting', 'receiving', 'ending'] as const) {
      expect(due(type, FLOWING, {}).dueMs).toBe(OFF);
    }
  });

  test('H7 is queueTimeout alone before admission', () => {
    expect(due('queued', { queuedMs: 50 }, ALL)).toMatchObject({
      dueMs: 4_050,
      code: 'ERR_ADMISSION_TIMEOUT',
    });
  });

  test('H7 is also timeout for what waits again after it was admitted once', () => {
    const again = { ...TIMES, queuedMs: 4_000 };
    expect(due('queued', again, ALL)).toMatchObject({ dueMs: 5_100, code: 'ERR_TIMEOUT' });
    const short = due('queued', again, { ...ALL, queueTimeoutMs: 10 });
    expect(short).toMatchObject({ dueMs: 4_010, code: 'ERR_ADMISSION_TIMEOUT' });
  });

  test.each([
    ['connecting', TIMES, { connectTimeoutMs: 1_000 }, 1_100, 'ERR_CONNECT_TIMEOUT'],
    ['connecting', TIMES, { headersTimeoutMs: 10 }, OFF, 'ERR_TIMEOUT'],
    ['waiting', TIMES, { headersTimeoutMs: 10 }, OFF, 'ERR_TIMEOUT'],
    ['waiting', SENT, { headersTimeoutMs: 2_000 }, 2_200, 'ERR_HEADERS_TIMEOUT'],
    ['waiting', SENT, { connectTimeoutMs: 1 }, OFF, 'ERR_TIMEOUT'],
    ['receiving', FLOWING, { headersTimeoutMs: 1 }, OFF, 'ERR_TIMEOUT'],
    ['receiving', FLOWING, { idleTimeoutMs: 3_000 }, 3_400, 'ERR_IDLE_TIMEOUT'],
    ['receiving', FLOWING, { idleTimeoutMs: 3_000, timeoutMs: 3_000 }, 3_100, 'ERR_TIMEOUT'],
    ['ending', FLOWING, { idleTimeoutMs: 3_000 }, 3_400, 'ERR_IDLE_TIMEOUT'],
  ] as const)('T1 counts while %s from %j with %j', (type, times, limits, dueMs, code) => {
    expect(due(type, times, limits)).toEqual({ dueMs, code, isThroughput: false });
  });

  test('T2 names the one that is due first, of equals the one that says more', () => {
    expect(due('connecting', TIMES, ALL).code).toBe('ERR_CONNECT_TIMEOUT');
    expect(due('connecting', TIMES, { ...ALL, idleTimeoutMs: 999 }).code).toBe('ERR_IDLE_TIMEOUT');
    const equal = { headersTimeoutMs: 2_000, idleTimeoutMs: 2_000 };
    expect(due('waiting', SENT, equal).code).toBe('ERR_HEADERS_TIMEOUT');
  });

  test('T4 is a check of throughput once an interval has begun', () => {
    const measured = { ...FLOWING, throughputMs: 300, throughputBytes: 0 };
    expect(due('receiving', measured, ALL)).toMatchObject({ dueMs: 800, isThroughput: true });
    expect(due('receiving', FLOWING, ALL)).toMatchObject({ dueMs: 3_400, isThroughput: false });
    const upload = { ...TIMES, movedMs: 200, throughputMs: 200 };
    expect(due('waiting', upload, ALL)).toMatchObject({ dueMs: 700, isThroughput: true });
    const sooner = due('receiving', measured, { ...ALL, idleTimeoutMs: 10 });
    expect(sooner).toMatchObject({ dueMs: 410, isThroughput: false });
  });

  test('C2 bounds the drain of a response that nobody wants', () => {
    const draining = { ...FLOWING, drainUntilMs: 1_000 };
    expect(due('receiving', draining, {})).toMatchObject({ dueMs: 1_000, code: 'ERR_TIMEOUT' });
  });
});
