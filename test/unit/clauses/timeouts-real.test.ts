/**
 * Timeouts on the real clock: within 50 ms of their time on an idle machine. On a busy one the loop
 * itself stands still now and then; its longest stall, as measured meanwhile, is conceded.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import type { AsyncHandle, Pool, RequestOptions } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { failureOf } from '../../helpers/ends.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const DUE_MS = 250;
const LATE_MS = 50;

/** Asserts that the exchange ends with the code in time, and not before. */
async function expectInTime(pool: Pool, code: string, start: () => AsyncHandle): Promise<void> {
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const { error, metrics } = await failureOf(pool, start());
  loop.disable();
  expect(error.code).toBe(code);
  expect(metrics.total).toBeGreaterThanOrEqual(DUE_MS);
  expect(metrics.total).toBeLessThanOrEqual(DUE_MS + LATE_MS + loop.max / 1e6);
}

const CASES: readonly (readonly [string, RequestOptions])[] = [
  ['ERR_HEADERS_TIMEOUT', { headersTimeout: DUE_MS }],
  ['ERR_IDLE_TIMEOUT', { idleTimeout: DUE_MS }],
  ['ERR_TIMEOUT', { timeout: DUE_MS }],
  ['ERR_IDLE_TIMEOUT', { idleTimeout: DUE_MS, method: 'POST', streamBody: true }],
];

for (const version of VERSIONS) {
  test.each(CASES)(`T2 ends in %s on time over HTTP/${version} (%j)`, async (code, options) => {
    await using peer = await eitherPeer(version);
    await using pool = createPool({ workers: 1 });
    // With what a first connection costs paid: it would count for some and not for others.
    const first = pool.await(pool.get(peer.origin));
    const warming = await peer.exchange();
    await warming.respond(200);
    await warming.end();
    await first;
    await expectInTime(pool, code, () =>
      pool.request({ url: peer.origin, stream: true, ...options }),
    );
  });
}

test('T2 ends in ERR_CONNECT_TIMEOUT on time', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const url = `https://127.0.0.1:${peer.port}/`;
  await expectInTime(pool, 'ERR_CONNECT_TIMEOUT', () => pool.get(url, { connectTimeout: DUE_MS }));
  await peer.idle();
});

test('T2 ends in ERR_ADMISSION_TIMEOUT on time', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, maxInFlight: 1 });
  const running = pool.get(peer.origin);
  await peer.connection();
  await expectInTime(pool, 'ERR_ADMISSION_TIMEOUT', () =>
    pool.get(peer.origin, { queueTimeout: DUE_MS }),
  );
  pool.cancel(running);
});
