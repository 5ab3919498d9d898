/** Chunks larger than what node lets an HTTP/2 session hold. */

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { echoServer, patternBytes } from '../../helpers/echo-server.ts';
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

test.each(VERSIONS)('U2 one large body harms no other exchange over HTTP/%s', async (version) => {
  await using peer = await eitherPeer(version);
  await using simulated = simulatedPool();
  const { pool } = simulated;
  const upload = pool.put(peer.origin, { body: new Uint8Array(LARGE) });
  const writing = await peer.exchange();
  const other = pool.await(pool.get(peer.origin));
  const reading = await peer.exchange();
  await reading.respond(200);
  await reading.write('sound');
  await reading.end();
  expect((await other).text()).toBe('sound');
  expect(pool.stats().workers[0]?.bytesSent).toBeLessThan(LARGE);
  pool.cancel(upload);
  expect(await writing.abandoned).toBe(ABANDONED[version]);
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('U5 declares the length of a large body and sends all of it', async () => {
  await using server = await echoServer();
  await using pool = createPool({ workers: 1 });
  const body = patternBytes(3_000_001);
  const response = await pool.await(pool.put(server.url('/sink'), { body }));
  const record = await server.nextRequest();
  expect(record).toMatchObject({ bytes: 3_000_001, complete: true });
  expect(record.headers).toMatchObject({ 'content-length': '3000001' });
  expect(record.headers).not.toHaveProperty('transfer-encoding');
  expect(record.sha256).toBe(createHash('sha256').update(body).digest('hex'));
  expect(response.upload).toEqual({ complete: true, bytesSent: 3_000_001, endedBy: 'caller' });
});
