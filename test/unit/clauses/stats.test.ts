/** The gauges at every step of an exchange, and the totals. */

import { describe, expect, test } from 'vitest';
import { RequestError } from '../../../src/index.ts';
import { eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { codeOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { heard } from '../../helpers/heard.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';
import { until } from '../../helpers/until.ts';

describe.each(VERSIONS)('stats over HTTP/%s', (version) => {
  test('S2 are exact at every step of an upload, and zero after it', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ workers: 2, maxInFlight: 1 });
    const { pool } = simulated;
    expect(gaugesOf(pool)).toEqual(IDLE);
    const handles = [1, 2, 3].map(() => pool.post(peer.origin, { streamBody: true }));
    const busy = { queued: 1, inFlight: 2, openUploads: 3, running: 2, uploading: 2 };
    expect(gaugesOf(pool)).toEqual(busy);
    const ends: Promise<unknown>[] = [];
    for (const [index, handle] of handles.entries()) {
      expect(await pool.sendBody(handle, 'twelve bytes')).toBe(true);
      if (index === 2) break;
      ends.push(pool.await(handle));
    }
    const exchanges = [await peer.exchange(), await peer.exchange()];
    expect(gaugesOf(pool)).toEqual(busy);
    for (const handle of handles.slice(0, 2)) expect(await pool.finishBody(handle)).toBe(true);
    expect(gaugesOf(pool)).toEqual({ ...busy, openUploads: 1, uploading: 0 });
    for (const exchange of exchanges) {
      await exchange.respond(200);
      await exchange.write('seven b');
      await exchange.end();
    }
    await Promise.all(ends);
    expect(gaugesOf(pool)).toEqual({
      queued: 0,
      inFlight: 1,
      openUploads: 1,
      running: 1,
      uploading: 1,
    });
    const last = await peer.exchange();
    const sum = (key: 'bytesSent' | 'bytesReceived'): number =>
      pool.stats().workers.reduce((total, worker) => total + worker[key], 0);
    await until(() => sum('bytesSent') === 36, 'what was accepted is not sent');
    const [handle] = handles.slice(2);
    if (handle !== undefined) pool.cancel(handle, 'enough');
    expect(gaugesOf(pool)).toEqual(IDLE);
    await last.abandoned;
    expect(pool.stats().totals).toEqual({ done: 2, error: { ERR_CANCELLED: 1 } });
    expect([sum('bytesSent'), sum('bytesReceived')]).toEqual([36, 14]);
  });

  test('S2 count buffered bodies and every code', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ maxInFlight: 1, queueLimit: 1 });
    const { pool, clock } = simulated;
    const ends = [
      codeOf(pool.await(pool.post(peer.origin, { body: 'five!', timeout: 100 }))),
      codeOf(pool.await(pool.get(peer.origin, { queueTimeout: 50 }))),
      codeOf(pool.await(pool.get(peer.origin))),
      codeOf(pool.await(pool.get(peer.origin, { caller: AbortSignal.abort() }))),
    ];
    await peer.exchange();
    await heard();
    clock.advance(200);
    const codes = ['ERR_TIMEOUT', 'ERR_ADMISSION_TIMEOUT', 'ERR_OVERLOAD', 'ERR_CALLER_DIED'];
    expect(await Promise.all(ends)).toEqual(codes);
    expect(pool.stats()).toMatchObject({
      ...{ queued: 0, inFlight: 0, openUploads: 0 },
      workers: [{ id: 1, state: 'up', restarts: 0, inFlight: 0, bytesSent: 5 }],
      totals: { done: 0, error: Object.fromEntries(codes.map((code) => [code, 1])) },
    });
  });
});

test('S2 is a snapshot: it does not change, and changing it changes nothing', async () => {
  await using simulated = simulatedPool({ maxInFlight: 1 });
  const { pool } = simulated;
  const before = pool.stats();
  const handle = pool.get('http://127.0.0.1:1/', { caller: AbortSignal.abort() });
  await expect(pool.await(handle)).rejects.toBeInstanceOf(RequestError);
  expect(before.totals.error).toEqual({});
  Object.assign(pool.stats().totals.error, { ERR_CALLER_DIED: 7 });
  expect(pool.stats().totals).toEqual({ done: 0, error: { ERR_CALLER_DIED: 1 } });
});
