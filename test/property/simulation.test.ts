/**
 * Storms of faults over simulated pools, peers, callers and time (see `simulation/simulate.ts`).
 * A failure prints its seed: `npm run soak -- --seed N` replays it.
 */

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { simulate } from './simulation/simulate.ts';

const HOUR_MS = 3_600_000;
const FRESH = Date.now() % 2 ** 31;

/** Every way in which an exchange can end that a simulation can bring about. */
const ENDS = [
  'done',
  ...['OVERLOAD', 'ADMISSION_TIMEOUT', 'TIMEOUT', 'CONNECT_TIMEOUT', 'HEADERS_TIMEOUT'],
  ...['IDLE_TIMEOUT', 'CANCELLED', 'CALLER_DIED', 'WORKER_DIED', 'POOL_DESTROYED', 'POOL_FAILED'],
  ...['RESOLVE', 'CONNECT', 'TLS', 'SOCKET', 'PROTOCOL', 'TRUNCATED', 'BODY_LENGTH', 'TOO_LARGE'],
].map((code) => (code === 'done' ? code : `ERR_${code}`));

/** What happens to gates and to those who pass them. */
const CHANGES = ['pause', 'resume', 'limits', 'left alone', 'too slow'];

// Some receivers throw, which is a warning each (M2).
const warned = vi.fn<typeof process.emitWarning>();

describe('simulated pools', () => {
  beforeAll(() => {
    vi.spyOn(process, 'emitWarning').mockImplementation(warned);
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });

  test('H3 end every exchange once, as it must end, in every weather', async () => {
    const report = await simulate({ seed: 20_261_121, exchanges: 6_000 });
    console.info('simulation:', report);
    expect(Object.keys(report.outcomes)).toEqual(expect.arrayContaining(ENDS));
    expect(report.simulatedMs).toBeGreaterThan(HOUR_MS);
    expect(Object.keys(report.counts)).toEqual(expect.arrayContaining(CHANGES));
    expect(warned.mock.calls.flat()).toContainEqual(
      expect.objectContaining({ code: 'SPOOL_RECEIVER_THREW' }),
    );
  });

  test(`H3 end every exchange once with the fresh seed ${FRESH}`, async () => {
    const { exchanges, digest } = await simulate({ seed: FRESH, exchanges: 3_000 });
    console.info(`simulation with the fresh seed ${FRESH}: ${exchanges} exchanges, ${digest}`);
    expect(exchanges).toBeGreaterThanOrEqual(3_000);
  });

  test('H3 do the same again with the same seed, event for event, and other things with another', async () => {
    const runs = [];
    for (const seed of [7, 7, 8]) runs.push(await simulate({ seed, exchanges: 1_000 }));
    const [first, second, other] = runs;
    expect(second).toEqual(first);
    expect(other?.digest).not.toBe(first?.digest);
  });
});
