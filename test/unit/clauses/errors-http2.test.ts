/** Clause E over real HTTP/2 sessions: resets, lost sessions and broken framing, before and in the body. */

import { constants } from 'node:http2';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, ErrorCode, Phase, Pool, RequestError } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { type Http2Peer, http2Peer, type PeerStream } from '../../helpers/http2-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

let trust: Disposable;
let peer: Http2Peer;
let pool: Pool;

beforeEach(async () => {
  trust = trustTestCa();
  peer = await http2Peer({ tls: trustedServer });
  pool = createPool({ workers: 1 });
});

afterEach(async () => {
  await pool.close();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  await peer.close();
  trust[Symbol.dispose]();
});

interface Failure {
  readonly how: string;
  readonly script: (stream: PeerStream) => unknown;
  readonly code: ErrorCode;
}

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_NO_ERROR } =
  constants;
const DATA = 0;
const HEADERS = 1;

const reset = (code: number) => (stream: PeerStream) => stream.reset(code);
const lose = () => peer.destroySessions();
const confuse = (_stream: PeerStream) =>
  peer.sessions.at(-1)?.sendFrame({ type: DATA, flags: 0, streamId: 0 });
const garble = (stream: PeerStream) =>
  peer.sessions.at(-1)?.sendFrame({
    type: HEADERS,
    flags: 4,
    streamId: stream.id,
    payload: new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  });

const BEFORE: readonly Failure[] = [
  { how: 'resets with CANCEL', script: reset(NGHTTP2_CANCEL), code: 'ERR_SOCKET' },
  { how: 'resets with INTERNAL_ERROR', script: reset(NGHTTP2_INTERNAL_ERROR), code: 'ERR_SOCKET' },
  {
    how: 'resets with PROTOCOL_ERROR',
    script: reset(NGHTTP2_PROTOCOL_ERROR),
    code: 'ERR_PROTOCOL',
  },
  { how: 'loses the session', script: lose, code: 'ERR_SOCKET' },
  { how: 'sends DATA on stream 0', script: confuse, code: 'ERR_PROTOCOL' },
  { how: 'sends headers that cannot be decoded', script: garble, code: 'ERR_PROTOCOL' },
];

const BEHIND: readonly Failure[] = [
  { how: 'resets with CANCEL', script: reset(NGHTTP2_CANCEL), code: 'ERR_TRUNCATED' },
  {
    how: 'resets with INTERNAL_ERROR',
    script: reset(NGHTTP2_INTERNAL_ERROR),
    code: 'ERR_TRUNCATED',
  },
  { how: 'resets with NO_ERROR', script: reset(NGHTTP2_NO_ERROR), code: 'ERR_TRUNCATED' },
  { how: 'loses the session', script: lose, code: 'ERR_TRUNCATED' },
  { how: 'sends DATA on stream 0', script: confuse, code: 'ERR_TRUNCATED' },
];

async function expectError(handle: AsyncHandle, code: ErrorCode, phase: Phase): Promise<void> {
  const error: RequestError = await pool.await(handle).then(
    () => Promise.reject(new Error('the exchange was done')),
    (reason) => reason,
  );
  expect(error).toMatchObject({ code, phase, ref: handle.ref, origin: peer.origin, sent: true });
  expect(error.cause).toBeInstanceOf(Error);
  expect(error.retryable).toBe(error.method === 'GET');
}

test.each(BEFORE)('E a peer that $how before the headers is $code', async ({ script, code }) => {
  for (const method of ['GET', 'POST']) {
    const body = method === 'POST' ? { body: 'abc' } : {};
    const handle = pool.request({ url: peer.origin, method, ...body });
    const stream = await peer.stream();
    if (method === 'POST') await stream.readBody();
    script(stream);
    await expectError(handle, code, 'headers');
  }
});

test.each(BEHIND)('E a peer that $how in the body is $code', async ({ script, code }) => {
  for (const method of ['GET', 'POST']) {
    const handle = pool.request({ url: peer.origin, method, stream: true });
    const stream = await peer.stream();
    stream.respond(200, { 'content-length': '10' });
    await stream.write('abc');
    expect(await pool.receive(handle)).toMatchObject({ type: 'status', httpVersion: '2' });
    expect(await pool.receive(handle)).toMatchObject({ type: 'data' });
    script(stream);
    await expectError(handle, code, 'body');
  }
});

test('E a stream that is reset harms no other one of its session', async () => {
  const [broken, whole] = [pool.get(peer.origin), pool.get(peer.origin)];
  const [first, second] = [await peer.stream(), await peer.stream()];
  first.reset(NGHTTP2_INTERNAL_ERROR);
  await expectError(broken, 'ERR_SOCKET', 'headers');
  second.respond(200);
  second.end('whole');
  expect((await pool.await(whole)).text()).toBe('whole');
  expect(peer.connections).toBe(1);
});

test('E a session that broke fails nobody who comes after it', async () => {
  const broken = pool.get(peer.origin);
  confuse(await peer.stream());
  await expectError(broken, 'ERR_PROTOCOL', 'headers');
  const later = Array.from({ length: 20 }, () => pool.post(peer.origin, { body: 'abc' }));
  const cancelled = pool.get(peer.origin);
  pool.cancel(cancelled);
  for (const _ of later) {
    const stream = await peer.stream();
    stream.respond(200);
    stream.end();
  }
  for (const handle of later) expect((await pool.await(handle)).status).toBe(200);
  expect(peer.connections).toBe(2);
});
