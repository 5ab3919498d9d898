/**
 * Clauses F2, F3 and U7 over HTTP/2: a response that was received whole outlives its connection,
 * whoever has no credit for it; one that was not is never taken for whole.
 */

import { constants } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { createPool, type Pool } from '../../../src/index.ts';
import { patternBytes } from '../../helpers/echo-routes.ts';
import { heard } from '../../helpers/heard.ts';
import {
  type Http2Peer,
  http2Peer,
  type PeerSession,
  type PeerStream,
} from '../../helpers/http2-peer.ts';
import { settled } from '../../helpers/leaks.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

const BODY = patternBytes(5_000);
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Setup {
  readonly pool: Pool;
  readonly peer: Http2Peer;
}

async function setup(): Promise<Setup> {
  const trust = trustTestCa();
  const peer = await http2Peer({ tls: trustedServer });
  const pool = createPool({ workers: 1 });
  cleanups.push(
    () => trust[Symbol.dispose](),
    () => peer.close(),
    () => pool.destroy(),
  );
  return { pool, peer };
}

/** In several frames: the first uses up the credit, the second is held, the others stay unread. */
async function respond(stream: PeerStream, options: Parameters<PeerStream['respond']>[2] = {}) {
  stream.respond(200, {}, options);
  for (let at = 0; at < BODY.byteLength; at += 1_000) {
    await stream.write(BODY.subarray(at, at + 1_000));
    await settled(2);
  }
}

/** Resolves when the pool has received what was sent before: whole exchanges have followed it. */
async function arrived({ pool, peer }: Setup): Promise<void> {
  for (let trip = 0; trip < 2; trip += 1) {
    const passing = pool.get(peer.origin);
    (await peer.stream()).respond(204, {}, { endStream: true });
    await pool.await(passing);
  }
}

/** How a peer may leave after its last word. */
const LEAVES: readonly [string, (session: PeerSession) => void][] = [
  [
    'GOAWAY and the end of the connection',
    (peer) => {
      peer.goaway();
      peer.session.close();
    },
  ],
  ['the end of the connection', (peer) => peer.destroy()],
  ['GOAWAY with an error', (peer) => peer.goaway(constants.NGHTTP2_INTERNAL_ERROR)],
];

test.each(LEAVES)(
  'F3 delivers a response that was received whole after %s',
  async (_how, leave) => {
    const all = await setup();
    const { pool, peer } = all;
    const log = new MessageLog();
    const handle = pool.get(peer.origin, { stream: true, window: 1, replyTo: log.receive });
    const stream = await peer.stream();
    await respond(stream);
    stream.end();
    expect([(await log.next()).type, (await log.next()).type]).toEqual(['status', 'data']);
    await arrived(all);
    const [session] = peer.sessions;
    if (session !== undefined) leave(session);
    await session?.closed;
    await heard();
    expect(log.types).toEqual(['status', 'data']);
    pool.updateFlow(handle, BODY.byteLength);
    expect((await log.ended).type).toBe('done');
    expect(Buffer.compare(log.body, BODY)).toBe(0);
  },
);

test('F3 keeps no connection for a response that was received whole', async () => {
  const { pool, peer } = await setup();
  const handle = pool.get(peer.origin, { stream: true, window: 1 });
  const stream = await peer.stream();
  await respond(stream);
  stream.end();
  await pool.receive(handle);
  await pool.receive(handle);
  const [session] = peer.sessions;
  peer.goaway();
  session?.session.close();
  await session?.closed;
  expect(peer.openConnections).toBe(0);
  expect(pool.stats().inFlight).toBe(1);
  const { body } = await pool.await(handle);
  expect(Buffer.compare(body, BODY.subarray(1))).toBe(0);
});

test('F2 holds the rest of an ended response back, and its trailers', async () => {
  const all = await setup();
  const { pool, peer } = all;
  const log = new MessageLog();
  const handle = pool.get(peer.origin, { stream: true, window: 1, replyTo: log.receive });
  const stream = await peer.stream();
  await respond(stream, { trailers: { 'x-sum': 'right' } });
  stream.end();
  await arrived(all);
  expect(log.body.byteLength).toBe(1);
  pool.updateFlow(handle, 10);
  expect(log.body.byteLength).toBe(11);
  pool.updateFlow(handle, BODY.byteLength);
  expect(await log.ended).toMatchObject({ type: 'done', trailers: { 'x-sum': 'right' } });
  expect(Buffer.compare(log.body, BODY)).toBe(0);
});

test('F3 ends a response that was not whole as truncated when the connection is closed', async () => {
  const all = await setup();
  const { pool, peer } = all;
  const log = new MessageLog();
  pool.get(peer.origin, { stream: true, window: 1, replyTo: log.receive });
  const stream = await peer.stream();
  await respond(stream);
  await log.next();
  await log.next();
  await arrived(all);
  peer.destroySessions();
  expect(await log.ended).toMatchObject({ type: 'error', error: { code: 'ERR_TRUNCATED' } });
  expect(log.types).toEqual(['status', 'data', 'error']);
});

test('F3 ends a response that the windows hold back as truncated when the connection is closed', async () => {
  const all = await setup();
  const { pool, peer } = all;
  const body = patternBytes(1024 * 1024);
  const log = new MessageLog();
  pool.get(peer.origin, { stream: true, window: 1, replyTo: log.receive });
  const stream = await peer.stream();
  stream.respond(200);
  stream.end(body);
  await log.next();
  await log.next();
  await arrived(all);
  expect(pool.stats().workers[0]?.bytesReceived).toBeLessThan(100_000);
  peer.destroySessions();
  expect(await log.ended).toMatchObject({ type: 'error', error: { code: 'ERR_TRUNCATED' } });
});

test('U7 releases the sender when the response has come whole and nobody reads it', async () => {
  const all = await setup();
  const { pool, peer } = all;
  const log = new MessageLog();
  const handle = pool.post(peer.origin, {
    stream: true,
    streamBody: true,
    window: 1,
    replyTo: log.receive,
  });
  await pool.sendBody(handle, 'first');
  const stream = await peer.stream();
  await respond(stream);
  stream.end();
  await log.next();
  await log.next();
  await arrived(all);
  expect(await pool.sendBody(handle, 'second')).toBe(false);
  expect((await stream.closed).endedByPeer).toBe(false);
  pool.updateFlow(handle, BODY.byteLength);
  expect(await log.ended).toMatchObject({ type: 'done', upload: { endedBy: 'response' } });
  expect(Buffer.compare(log.body, BODY)).toBe(0);
});
