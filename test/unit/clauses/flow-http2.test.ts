/** Clauses F1 and F2 over HTTP/2: a stream without credit stops alone, its siblings go on. */

import { afterEach, expect, test } from 'vitest';
import { createPool, type Pool } from '../../../src/index.ts';
import { patternBytes } from '../../helpers/echo-server.ts';
import { type Http2Peer, http2Peer, type PeerStream } from '../../helpers/http2-peer.ts';
import { bodyOf, MessageLog, readAll } from '../../helpers/message-log.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

const MIB = 1024 * 1024;
const BODY = Buffer.from(patternBytes(8 * MIB));
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Setup {
  readonly pool: Pool;
  readonly peer: Http2Peer;
  readonly url: string;
}

/** One worker, and a connection that has agreed on HTTP/2 already. */
async function setup(): Promise<Setup> {
  const trust = trustTestCa();
  const peer = await http2Peer({ tls: trustedServer });
  const pool = createPool({ workers: 1 });
  cleanups.push(
    () => trust[Symbol.dispose](),
    () => peer.close(),
    () => pool.destroy(),
  );
  const url = `${peer.origin}/`;
  const first = pool.get(url);
  (await peer.stream()).respond(204, {}, { endStream: true });
  expect((await pool.await(first)).httpVersion).toBe('2');
  return { pool, peer, url };
}

/** Writes a body piece by piece, as the stream takes them; counts what it took. */
function send(
  stream: PeerStream,
  body: Uint8Array,
): { taken: number; readonly sent: Promise<void> } {
  stream.respond(200, { 'content-length': body.byteLength });
  const progress = { taken: 0, sent: Promise.resolve() };
  const run = async (): Promise<void> => {
    for (let at = 0; at < body.byteLength; at += 16_384) {
      const piece = body.subarray(at, at + 16_384);
      if (!(await stream.write(piece))) return;
      progress.taken += piece.byteLength;
    }
    stream.end();
  };
  progress.sent = run();
  return progress;
}

/** Waits until a body is still where it was, though whole exchanges passed on its connection. */
async function stuck(
  { pool, peer, url }: Setup,
  progress: { readonly taken: number },
): Promise<number> {
  for (let last = -1; last !== progress.taken; ) {
    last = progress.taken;
    for (let trip = 0; trip < 5; trip += 1) {
      const passing = pool.get(url);
      (await peer.stream()).respond(204, {}, { endStream: true });
      await pool.await(passing);
    }
  }
  return progress.taken;
}

test('F1 never has more than the window delivered and not granted on a stream', async () => {
  const { pool, peer, url } = await setup();
  const window = 5000;
  let delivered = 0;
  let granted = 0;
  let most = 0;
  const log = new MessageLog((message) => {
    if (message.type !== 'data') return;
    delivered += message.chunk.byteLength;
    most = Math.max(most, delivered - granted);
  });
  const handle = pool.get(url, { stream: true, window, replyTo: log.receive });
  const body = patternBytes(400_000);
  const { sent } = send(await peer.stream(), body);
  expect((await log.next()).type).toBe('status');
  for (let step = 0; delivered < body.byteLength; step += 1) {
    expect((await log.next()).type).toBe('data');
    const grant = Math.min(1 + ((step * 997) % 4000), delivered - granted);
    granted += grant;
    // What was granted may have come in two messages, of which the first has told of both.
    if (grant > 0) pool.updateFlow(handle, grant);
  }
  expect((await log.ended).type).toBe('done');
  await sent;
  expect(most).toBe(window);
  expect(Buffer.compare(log.body, body)).toBe(0);
});

test('F2 stalls a starved stream and not its siblings on the same connection', async () => {
  const all = await setup();
  const { pool, peer, url } = all;
  const log = new MessageLog();
  const starved = pool.get(url, { stream: true, window: 1000, replyTo: log.receive });
  const progress = send(await peer.stream(), BODY);
  await log.next();
  await log.next();
  const stuckAt = await stuck(all, progress);
  expect(stuckAt).toBeLessThan(MIB);
  for (let round = 0; round < 2; round += 1) {
    const siblings = [pool.get(url), pool.get(url, { stream: true }), pool.get(url)];
    for (const _sibling of siblings) send(await peer.stream(), BODY);
    for (const sibling of siblings) {
      expect(Buffer.compare((await pool.await(sibling)).body, BODY)).toBe(0);
    }
  }
  expect(peer.connections).toBe(1);
  expect(progress.taken).toBe(stuckAt);
  expect(log.body.byteLength).toBe(1000);
  pool.updateFlow(starved, Number.POSITIVE_INFINITY);
  expect((await log.ended).type).toBe('done');
  expect(Buffer.compare(log.body, BODY)).toBe(0);
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
});

test('F2 stalls many starved streams together and still not one that is read', async () => {
  const all = await setup();
  const { pool, peer, url } = all;
  const starved: MessageLog[] = [];
  for (let count = 0; count < 20; count += 1) {
    const log = new MessageLog();
    pool.get(url, { stream: true, window: 1, replyTo: log.receive });
    await stuck(all, send(await peer.stream(), BODY));
    starved.push(log);
  }
  const read = pool.get(url, { stream: true });
  send(await peer.stream(), BODY);
  const messages = await readAll(pool.messages(read));
  expect(Buffer.compare(bodyOf(messages), BODY)).toBe(0);
  expect(starved.map((log) => log.body.byteLength)).toEqual(new Array(20).fill(1));
  expect(peer.connections).toBe(1);
});

test('F1 reads on in a mailbox only as it is read', async () => {
  const all = await setup();
  const { pool, peer, url } = all;
  const handle = pool.get(url, { stream: true });
  const progress = send(await peer.stream(), BODY);
  const stuckAt = await stuck(all, progress);
  expect(stuckAt).toBeGreaterThanOrEqual(MIB);
  expect(stuckAt).toBeLessThan(2 * MIB);
  const messages = await readAll(pool.messages(handle));
  expect(Buffer.compare(bodyOf(messages), BODY)).toBe(0);
});
