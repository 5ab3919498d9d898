/**
 * Cancel over HTTP/2, told from the frames: a reset stream, never an ended one, and the others go on.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AsyncHandle, createPool, type Pool } from '../../../src/index.ts';
import { codeOf, failureOf, gaugesOf, IDLE, messagesOf } from '../../helpers/ends.ts';
import { type Http2Peer, http2Peer } from '../../helpers/http2-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

let trust: Disposable;
beforeAll(() => {
  trust = trustTestCa();
});
afterAll(() => trust[Symbol.dispose]());

const securePeer = (): Promise<Http2Peer> => http2Peer({ tls: trustedServer });

const RESET = { connectionLost: false, rstCode: expect.any(Number) };

/** A bystander on the same session, which has to go on whatever is done to the other stream. */
async function bystander(pool: Pool, peer: Http2Peer) {
  const response = pool.await(pool.get(`${peer.origin}/bystander`));
  const stream = await peer.stream();
  return {
    goesOn: async () => {
      stream.respond(200);
      stream.end('alive');
      expect((await response).text()).toBe('alive');
      expect(peer.connections).toBe(1);
    },
  };
}

test('X1 before headers: the stream is reset, the session goes on', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const other = await bystander(pool, peer);
  const handle = pool.get(peer.origin);
  const stream = await peer.stream();
  pool.cancel(handle);
  expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
  expect(await stream.closed).toMatchObject(RESET);
  await other.goesOn();
});

test('X1 in an upload: the server sees the stream reset and not ended', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const other = await bystander(pool, peer);
  const handle = pool.post(peer.origin, { streamBody: true });
  await pool.sendBody(handle, 'cut');
  const stream = await peer.stream();
  await stream.nextData();
  const late = pool.sendBody(handle, ' off');
  pool.cancel(handle);
  const end = await failureOf(pool, handle);
  expect(end).toMatchObject({ error: { code: 'ERR_CANCELLED' }, upload: { complete: false } });
  expect(await stream.closed).toMatchObject({ endedByPeer: false });
  expect(await pool.sendBody(handle, 'more')).toBe(false);
  expect(typeof (await late)).toBe('boolean');
  await other.goesOn();
});

test('X1 in an upload that the window holds back: blocked senders are released', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const handle = pool.post(peer.origin, { streamBody: true });
  await pool.sendBody(handle, 'x');
  const stream = await peer.stream();
  const sends = Array.from({ length: 64 }, () => pool.sendBody(handle, new Uint8Array(65_536)));
  const finish = pool.finishBody(handle);
  await turn();
  pool.cancel(handle);
  expect((await Promise.all(sends)).at(-1)).toBe(false);
  expect(await finish).toBe(false);
  expect(await stream.closed).toMatchObject({ endedByPeer: false });
  expect(gaugesOf(pool)).toEqual(IDLE);
});

/** A streamed download that has begun; its reader has seen the head. */
async function download(pool: Pool, peer: Http2Peer, window: number) {
  const handle: AsyncHandle = pool.get(peer.origin, { stream: true, window });
  const stream = await peer.stream();
  stream.respond(200);
  void stream.write(new Uint8Array(262_144));
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  return { handle, stream };
}

test.each([
  ['while it receives', 1_048_576],
  ['paused for credit', 1],
])('X1 %s: the stream is reset, what was not delivered is dropped', async (_when, window) => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const other = await bystander(pool, peer);
  const { handle, stream } = await download(pool, peer, window);
  while (pool.stats().workers[0]?.bytesReceived === 0) await turn();
  pool.cancel(handle);
  const rest = await messagesOf(pool, handle);
  expect(rest.map(({ type }) => type)).toEqual(['error']);
  expect(await stream.closed).toMatchObject(RESET);
  await other.goesOn();
});

test('X1 before the stream is open: the server sees none of it', async () => {
  await using peer = await securePeer();
  const pool = createPool({ workers: 1 });
  const handle = pool.post(peer.origin, { streamBody: true });
  await pool.sendBody(handle, 'never');
  pool.cancel(handle);
  expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
  const other = pool.await(pool.get(`${peer.origin}/next`));
  const stream = await peer.stream();
  expect(stream.headers[':path']).toBe('/next');
  stream.respond(200);
  stream.end();
  await other;
  await pool.close();
});

test('X3 a signal that is the caller too resets the stream rather than have it ended', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const handle = pool.post(peer.origin, { signal, caller: signal, streamBody: true });
  await pool.sendBody(handle, 'cut');
  const stream = await peer.stream();
  await stream.nextData();
  controller.abort('left');
  expect(await failureOf(pool, handle)).toMatchObject({
    error: { code: 'ERR_CANCELLED', cause: 'left' },
    upload: { complete: false, endedBy: 'failure' },
  });
  expect(await stream.closed).toMatchObject({ endedByPeer: false });
});

test('X1 many at once on one session: each is reset, the session goes on', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const other = await bystander(pool, peer);
  const handles = Array.from({ length: 40 }, (_, index) =>
    index % 2 === 0 ? pool.get(peer.origin) : pool.post(peer.origin, { streamBody: true }),
  );
  const streams = await Promise.all(handles.map(() => peer.stream()));
  for (const handle of handles) pool.cancel(handle);
  const ends = await Promise.all(streams.map(({ closed }) => closed));
  expect(ends.every(({ connectionLost }) => !connectionLost)).toBe(true);
  for (const [index, end] of ends.entries()) {
    if (streams[index]?.headers[':method'] === 'POST') expect(end.endedByPeer).toBe(false);
  }
  await other.goesOn();
  expect(pool.stats().totals).toEqual({ done: 1, error: { ERR_CANCELLED: 40 } });
});
