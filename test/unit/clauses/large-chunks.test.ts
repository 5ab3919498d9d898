/** Chunks larger than what node lets an HTTP/2 session hold. */

import { expect, test } from 'vitest';
import { ABANDONED, eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { gaugesOf, IDLE } from '../../helpers/ends.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';

const LARGE = 32 * 1024 * 1024;

test.each(VERSIONS)('U2 one large chunk harms no other exchange over HTTP/%s', async (version) => {
  await using peer = await eitherPeer(version);
  await using simulated = simulatedPool();
  const { pool } = simulated;
  const upload = pool.post(peer.origin, { streamBody: true });
  const sent = pool.sendBody(upload, new Uint8Array(LARGE));
  const writing = await peer.exchange();
  const other = pool.await(pool.get(peer.origin));
  const reading = await peer.exchange();
  await reading.respond(200);
  await reading.write('sound');
  await reading.end();
  expect((await other).text()).toBe('sound');
  expect(pool.stats().workers[0]?.bytesSent).toBeLessThan(LARGE);
  pool.cancel(upload);
  expect(await sent).toBe(false);
  expect(await writing.abandoned).toBe(ABANDONED[version]);
  expect(gaugesOf(pool)).toEqual(IDLE);
});
