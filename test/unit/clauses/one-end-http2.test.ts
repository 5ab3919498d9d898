/** Clause H3 over HTTP/2: one end whatever becomes of the stream or its session. */

import { constants } from 'node:http2';
import { afterEach, expect, test } from 'vitest';
import { createPool, type ErrorCode } from '../../../src/index.ts';
import { END_STREAM, FRAME } from '../../helpers/http2-frames.ts';
import { type Http2Peer, http2Peer, type PeerStream } from '../../helpers/http2-peer.ts';
import { settled } from '../../helpers/leaks.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

type Play = (stream: PeerStream, peer: Http2Peer) => unknown;
type Case = readonly [what: string, end: 'done' | ErrorCode, play: Play];

/** Status and `abc`, without a length. */
async function flow(stream: PeerStream): Promise<void> {
  stream.respond(200);
  await stream.write('abc');
}

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } =
  constants;

/** RST_STREAM and nothing else: node's own `close` ends the stream first. */
function reset(stream: PeerStream, peer: Http2Peer, code: number): void {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  const frame = { type: FRAME.rstStream, flags: 0, streamId: stream.id, payload };
  for (const session of peer.sessions) session.sendFrame(frame);
}

/** END_STREAM and nothing else, so that it leaves with what follows. */
function end(stream: PeerStream, peer: Http2Peer): void {
  const frame = { type: FRAME.data, flags: END_STREAM, streamId: stream.id };
  for (const session of peer.sessions) session.sendFrame(frame);
}

const CASES: readonly Case[] = [
  ['a response', 'done', (stream) => [stream.respond(200), stream.end('abc')]],
  ['a response without a body', 'done', (stream) => stream.respond(204, {}, { endStream: true })],
  [
    'a reset before the head',
    'ERR_SOCKET',
    (stream, peer) => reset(stream, peer, NGHTTP2_INTERNAL_ERROR),
  ],
  [
    'a reset amid the body',
    'ERR_TRUNCATED',
    async (stream, peer) => [await flow(stream), reset(stream, peer, NGHTTP2_INTERNAL_ERROR)],
  ],
  [
    'a reset that says CANCEL amid a body without a length',
    'ERR_TRUNCATED',
    async (stream, peer) => [await flow(stream), reset(stream, peer, NGHTTP2_CANCEL)],
  ],
  [
    'a reset that says NO_ERROR amid a body without a length',
    'ERR_TRUNCATED',
    async (stream, peer) => [await flow(stream), reset(stream, peer, NGHTTP2_NO_ERROR)],
  ],
  [
    'a reset that says NO_ERROR behind a body of the length it declared',
    'done',
    async (stream, peer) => [
      stream.respond(200, { 'content-length': 3 }),
      await stream.write('abc'),
      reset(stream, peer, NGHTTP2_NO_ERROR),
    ],
  ],
  [
    'a reset that says NO_ERROR amid a body of a declared length',
    'ERR_TRUNCATED',
    async (stream, peer) => [
      stream.respond(200, { 'content-length': 4 }),
      await stream.write('abc'),
      reset(stream, peer, NGHTTP2_NO_ERROR),
    ],
  ],
  [
    'a reset that says CANCEL behind the end',
    'done',
    async (stream, peer) => [
      await flow(stream),
      end(stream, peer),
      reset(stream, peer, NGHTTP2_CANCEL),
    ],
  ],
  ['a destroyed session before the head', 'ERR_SOCKET', (_stream, peer) => peer.destroySessions()],
  [
    'a destroyed session amid the body',
    'ERR_TRUNCATED',
    async (stream, peer) => [await flow(stream), peer.destroySessions()],
  ],
  [
    'GOAWAY that lets the stream end',
    'done',
    async (stream, peer) => [await flow(stream), peer.goaway(NGHTTP2_NO_ERROR), stream.end()],
  ],
  [
    'GOAWAY that blames the protocol, and a closed session',
    'ERR_PROTOCOL',
    async (stream, peer) => [
      await flow(stream),
      peer.goaway(NGHTTP2_PROTOCOL_ERROR),
      peer.destroySessions(),
    ],
  ],
];

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

for (const [what, end, play] of CASES) {
  test(`H3 ends once after ${what} over HTTP/2`, async () => {
    using _trust = trustTestCa();
    const peer = await http2Peer({ tls: trustedServer });
    const pool = createPool({ workers: 1 });
    cleanups.push(
      () => peer.close(),
      () => pool.destroy(),
    );
    const log = new MessageLog();
    // Not idempotent, so that no replay is due.
    const request = { stream: true, replyTo: log.receive, body: 'x' };
    const handle = pool.post(peer.origin, request);
    await play(await peer.stream(), peer);
    const terminal = await log.ended;
    expect(terminal.type === 'done' ? 'done' : terminal.error.code).toBe(end);
    pool.cancel(handle);
    peer.destroySessions();
    await pool.close();
    await settled();
    expect(log.messages.at(-1)).toBe(terminal);
    expect(log.types.filter((type) => type === 'done' || type === 'error').length).toBe(1);
    expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  });
}
