/**
 * The death of a caller over HTTP/2, told from the frames: an upload that is finished ends its
 * stream, one that is cancelled resets it, and neither does the other.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { type Http2Peer, http2Peer } from '../../helpers/http2-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

const DIED = {
  error: { code: 'ERR_CALLER_DIED' },
  upload: { complete: false, endedBy: 'caller_death' },
} as const;

let trust: Disposable;
beforeAll(() => {
  trust = trustTestCa();
});
afterAll(() => trust[Symbol.dispose]());

const securePeer = (): Promise<Http2Peer> => http2Peer({ tls: trustedServer });

test('C2 ends the stream of an upload once, and the session goes on', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, { streamBody: true, caller: caller.signal });
  await pool.sendBody(handle, 'accepted');
  const stream = await peer.stream();
  expect(Buffer.from((await stream.nextData()) ?? []).toString()).toBe('accepted');
  caller.abort();
  const body = await stream.readBody();
  expect(body).toMatchObject({ ended: true, rstCode: undefined });
  expect(body.bytes.byteLength).toBe(8);
  stream.respond(200);
  stream.end('dropped');
  expect(await failureOf(pool, handle)).toMatchObject(DIED);
  expect(await stream.closed).toMatchObject({ endedByPeer: true, rstCode: undefined });

  const next = pool.await(pool.get(`${peer.origin}/next`));
  const second = await peer.stream();
  second.respond(200);
  second.end('kept');
  expect(await next).toMatchObject({ httpVersion: '2', status: 200 });
  expect(peer.connections).toBe(1);
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test("C2 with onCallerDeath 'cancel' resets the stream and never ends it", async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, {
    streamBody: true,
    caller: caller.signal,
    onCallerDeath: 'cancel',
  });
  await pool.sendBody(handle, 'cut');
  const stream = await peer.stream();
  await stream.nextData();
  caller.abort();
  expect(await failureOf(pool, handle)).toMatchObject(DIED);
  expect(await stream.closed).toMatchObject({ endedByPeer: false, bytes: 3 });
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('C2 resets the stream of a declared length that is not reached', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const headers = { 'content-length': '8' };
  const options = { streamBody: true, caller: caller.signal, headers };
  const short = pool.post(`${peer.origin}/short`, options);
  const whole = pool.post(`${peer.origin}/whole`, options);
  await Promise.all([pool.sendBody(short, 'short..'), pool.sendBody(whole, 'accepted')]);
  const streams = [await peer.stream(), await peer.stream()];
  await Promise.all(streams.map((stream) => stream.nextData()));
  caller.abort();
  const byPath = (path: string) => streams.find((stream) => stream.headers[':path'] === path);
  expect(await failureOf(pool, short)).toMatchObject(DIED);
  expect(await byPath('/short')?.closed).toMatchObject({ endedByPeer: false, bytes: 7 });
  const body = await byPath('/whole')?.readBody();
  expect(Buffer.from(body?.bytes ?? []).toString()).toBe('accepted');
  expect(body).toMatchObject({ ended: true, rstCode: undefined });
  byPath('/whole')?.respond(200, {}, { endStream: true });
  expect(await failureOf(pool, whole)).toMatchObject({ ...DIED, upload: { bytesSent: 8 } });
});

test('C3 resets the stream of a request without an open upload, and no other', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.get(`${peer.origin}/dead`, { caller: caller.signal, stream: true });
  const stream = await peer.stream();
  stream.respond(200);
  await stream.write('some');
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  const other = pool.await(pool.get(`${peer.origin}/alive`));
  const alive = await peer.stream();
  caller.abort();
  expect(await failureOf(pool, handle)).toMatchObject({ error: { code: 'ERR_CALLER_DIED' } });
  expect(await stream.closed).toMatchObject({
    connectionLost: false,
    rstCode: expect.any(Number),
  });
  alive.respond(200);
  alive.end('alive');
  expect((await other).text()).toBe('alive');
  expect(peer.connections).toBe(1);
});

test('C3 gives back the stream of a download that was paused for credit', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.get(peer.origin, { caller: caller.signal, stream: true, window: 1 });
  const stream = await peer.stream();
  stream.respond(200);
  void stream.write(new Uint8Array(1_048_576));
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  caller.abort();
  expect(await failureOf(pool, handle)).toMatchObject({ error: { code: 'ERR_CALLER_DIED' } });
  expect(await stream.closed).toMatchObject({
    connectionLost: false,
    rstCode: expect.any(Number),
  });
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('C2 drains a response that was paused for credit when the upload is finished', async () => {
  await using peer = await securePeer();
  await using pool = createPool({ workers: 1 });
  const caller = new AbortController();
  const handle = pool.post(peer.origin, {
    streamBody: true,
    stream: true,
    window: 1,
    caller: caller.signal,
  });
  await pool.sendBody(handle, 'x');
  const stream = await peer.stream();
  stream.respond(200);
  const written = stream.write(new Uint8Array(1_048_576));
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  expect(await pool.receive(handle)).toMatchObject({ type: 'data' });
  caller.abort();
  expect((await stream.readBody()).ended).toBe(true);
  expect(await written).toBe(true);
  stream.end();
  const end = await failureOf(pool, handle);
  expect(end).toMatchObject({ ...DIED, metrics: { bytesReceived: 1_048_576 } });
});
