/**
 * What uploads over HTTP/2 that were cut leave behind on their session, and that it is given up
 * before Node refuses responses on it (see `actors/session-streams`).
 */

import { expect, test } from 'vitest';
import { createPool, type Pool } from '../../../src/index.ts';
import { http2Peer } from '../../helpers/http2-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';
import { until } from '../../helpers/until.ts';

const CHUNK = Buffer.alloc(64 * 1024);
/** Each leaves most of a chunk queued on its session, and Node bears 10 MiB of that. */
const UPLOADS = 300;

test('N1 goes on answering after any number of uploads that were cut while they waited', async () => {
  using _trust = trustTestCa();
  await using peer = await http2Peer({ tls: trustedServer });
  await using pool = destroyedAtLast();
  const patient = pool.get(peer.origin);
  const answer = await peer.stream();
  for (let count = 0; count < UPLOADS; count += 1) {
    const before = sentBy(pool);
    const upload = pool.post(peer.origin, { streamBody: true });
    for (const chunk of [CHUNK.subarray(1_000), CHUNK, CHUNK]) void pool.sendBody(upload, chunk);
    await peer.stream();
    await until(() => sentBy(pool) > before, 'nothing of an upload gets to its session');
    pool.cancel(upload);
  }
  const last = pool.get(peer.origin);
  (await peer.stream()).respond(204, {}, { endStream: true });
  expect((await pool.await(last)).status).toBe(204);
  // What was on the first session when it was given up is answered there.
  answer.respond(204, {}, { endStream: true });
  expect((await pool.await(patient)).status).toBe(204);
  expect(peer.connections).toBeGreaterThan(1);
  expect(peer.connections).toBeLessThan(20);
  await pool.close();
  await peer.idle();
});

const sentBy = (pool: Pool): number => pool.stats().workers[0]?.bytesSent ?? 0;

/** A test that fails must not wait for its exchanges to end. */
function destroyedAtLast(): Pool {
  const pool = createPool({ workers: 1 });
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.destroy() });
}
