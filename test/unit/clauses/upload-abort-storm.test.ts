/**
 * Uploads over HTTP/2 that are cut in random states, on few sessions one after the other, by a process
 * under a watchdog: a stream that Node forgets without a reset makes nghttp2 spin as soon as its window opens, and
 * nothing in that process can tell any more (see `actors/stream-reset`).
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { AbortStorm } from '../../helpers/abort-storm.ts';
import { type Http2Peer, http2Peer, type PeerStream } from '../../helpers/http2-peer.ts';
import { trustedServer } from '../../helpers/tls.ts';

const PROGRAM = fileURLToPath(new URL('../../helpers/abort-storm.ts', import.meta.url));
const UPLOADS = 600;
/** A storm takes about a second; a process that spins takes for ever. */
const WATCHDOG_MS = 25_000;

/** The peer, too, is a Node that does not count back what it dropped. */
const LIMITS = { maxSessionMemory: 1_000, streamResetBurst: 1e6, streamResetRate: 1e6 };

/** What the peer does with a stream, in turn. */
const WAYS: readonly ((stream: PeerStream) => unknown)[] = [
  // Reads nothing until the client has given up; then opens the window of what may be left.
  (stream) => stream.closed.then(() => stream.readBody()),
  (stream) => stream.readBody(),
  (stream) => {
    stream.respond(200);
    return stream.readBody();
  },
  // Answers early, and reads on.
  (stream) => {
    stream.respond(413, {}, { endStream: true });
    return stream.readBody();
  },
  // Full duplex.
  (stream) => {
    stream.respond(200);
    stream.stream.pipe(stream.stream);
  },
  async (stream) => {
    stream.respond(200);
    void stream.write('answer');
    await stream.nextData();
  },
  async (stream) => {
    await stream.nextData();
    stream.reset();
  },
];

/** Serves until the peer is closed; gives every stream that there was. */
async function serve(peer: Http2Peer): Promise<readonly PeerStream[]> {
  const streams: PeerStream[] = [];
  for (;;) {
    const stream = await peer.stream().catch(() => undefined);
    if (stream === undefined) return streams;
    if (stream.headers[':method'] === 'GET') {
      stream.respond(204, {}, { endStream: true });
      continue;
    }
    streams.push(stream);
    const act = WAYS[streams.length % WAYS.length];
    // A way that the client cuts short throws or rejects.
    void Promise.resolve(stream)
      .then(act)
      .catch(() => {});
  }
}

test.each([1, 2])('C2 resets what is cut, and never spins (seed %i)', async (seed) => {
  await using peer = await http2Peer({ tls: trustedServer, limits: LIMITS });
  const served = serve(peer);
  const child = fork(PROGRAM, [peer.origin, String(UPLOADS), String(seed)], {
    timeout: WATCHDOG_MS,
    killSignal: 'SIGKILL',
  });
  const reports: AbortStorm[] = [];
  child.on('message', (report: AbortStorm) => void reports.push(report));
  expect(await once(child, 'exit')).toEqual([0, null]);
  const { finished = {}, complete = [] } = reports[0] ?? {};
  await peer.idle();
  await peer.close();
  const streams = await served;
  // Some 450 when the machine has time; on a busy one more of them are cut before they leave.
  expect(streams.length).toBeGreaterThan(UPLOADS / 10);
  // What was finished may have left before it was cut, and then it is whole; nothing else has an end.
  const lies = streams.filter(
    ({ wire, headers }) => wire.endedByPeer && wire.bytes !== finished[String(headers['x-id'])],
  );
  expect(complete.length).toBeGreaterThan(0);
  expect(complete.filter((id) => finished[id] === undefined)).toEqual([]);
  expect(lies.map(({ headers }) => headers['x-id'])).toEqual([]);
  expect(new Set(streams.map(({ wire }) => wire.rstByPeer))).toEqual(new Set([undefined, 8]));
});
