/** What an exchange costs that waits: memory, and steps that do not grow with the line (clause H9). */

import { expect, test } from 'vitest';
import type { AsyncHandle } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { WaitingLine } from '../../../src/pool/waiting-line.ts';
import { gc } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { PlayedTransport } from '../../helpers/played-transport.ts';

const COUNT = 20_000;
const BUDGET_BYTES = 1_536;

test.each([
  ['a plain GET', {}],
  ['with a tenant and a priority', { tenant: 'acme', priority: 3 }],
])('H9 keeps at most 1.5 KiB of an exchange that waits: %s', async (_name, options) => {
  const dispatcher = new PlayedTransport().create;
  const clock = new ManualClock();
  const limits = { workers: 1, maxInFlight: 1, maxPerOrigin: 1 };
  const pool = new RequestPool({ ...limits, dispatcher }, { clock });
  const handles: AsyncHandle[] = new Array(COUNT);
  const fill = (from: number, to: number) => {
    for (let n = from; n < to; n += 1) {
      const url = `http://a.test/items/${n}`;
      handles[n] = Object.keys(options).length === 0 ? pool.get(url) : pool.get(url, options);
    }
  };
  fill(0, 100);
  await gc();
  const before = process.memoryUsage().heapUsed;
  fill(100, COUNT);
  // The sweep that lets dropped handles be noticed costs some as well.
  clock.advance(1_000);
  await gc();
  const each = (process.memoryUsage().heapUsed - before) / (COUNT - 100);
  expect(each).toBeLessThan(BUDGET_BYTES);
  for (const handle of handles) pool.cancel(handle);
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0 });
  await pool.destroy();
});

/** The least time of many rounds, in ms: what the work costs where nothing disturbs it. */
function leastOf(rounds: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    work();
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}

test('H9 costs the same for 100, 10 000 and 1 000 000 in line: to come, to move, to leave, to block', () => {
  const costs = [100, 10_000, 1_000_000].map((length) => {
    const line = new WaitingLine<number>(() => 1);
    const claimOf = (n: number) => ({
      tenant: String(n % 10),
      origin: `http://${n % 7}.test`,
      priority: n % 3,
      nowMs: n,
    });
    for (let n = 0; n < length; n += 1) line.enqueue(n, claimOf(n));
    let next = length;
    return leastOf(50, () => {
      for (let step = 0; step < 100; step += 1) {
        const place = line.enqueue(next, claimOf(next));
        line.enqueue(next + 1, claimOf(next + 1));
        line.remove(place);
        line.dequeue();
        line.block(`http://${next % 7}.test`);
        line.unblock(`http://${next % 7}.test`);
        next += 2;
      }
    });
  });
  const [few, , many] = costs;
  // A step for each that waits would be 10 000 times as much.
  expect((many ?? 0) / (few ?? 1)).toBeLessThan(30);
});
