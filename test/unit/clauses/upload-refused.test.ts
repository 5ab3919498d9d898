/**
 * A server that refuses an upload and closes at once, without reading the rest: its answer is
 * delivered although writing to it fails (U7, see `actors/read-on`).
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPool, type Pool } from '../../../src/index.ts';
import { heard } from '../../helpers/heard.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';
import { until } from '../../helpers/until.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

const CHUNK = Buffer.alloc(20_000);
/** More than this process keeps between its sender and the system, and the system and the peer. */
const BETWEEN_BYTES = 256 * 1024;
/** Which comes first, the answer or the failed write, is up to the system. */
const ROUNDS = 20;

const sent = (pool: Pool): number => pool.stats().workers[0]?.bytesSent ?? 0;

describe.each([
  ['HTTP', {}],
  ['HTTPS', { tls: trustedServer }],
])('over %s', (_name, options) => {
  let trust: Disposable;
  let peer: ScriptedPeer;
  let pool: Pool;

  beforeEach(async () => {
    trust = trustTestCa();
    peer = await scriptedPeer(options);
    pool = createPool({ workers: 1 });
  });

  afterEach(async () => {
    await pool.destroy();
    await peer.close();
    trust[Symbol.dispose]();
  });

  async function refused(answer: string) {
    const sentBefore = sent(pool);
    const handle = pool.post(peer.origin, { streamBody: true });
    const send = async (): Promise<void> => {
      while (await pool.sendBody(handle, CHUNK));
    };
    const sender = send();
    const connection = await peer.connection();
    await connection.readHead();
    connection.pause();
    // Unread bytes make it a reset.
    const unread = (): number => sent(pool) - sentBefore - connection.received;
    await until(() => unread() > BETWEEN_BYTES, 'the upload does not go on');
    await connection.write(answer);
    connection.destroy();
    const terminal = await pool.receive(handle);
    await sender;
    expect(pool.stats()).toMatchObject({ inFlight: 0, openUploads: 0 });
    return terminal;
  }

  test('U7 delivers the answer of a server that closes without lingering', async () => {
    const answer =
      'HTTP/1.1 413 Payload Too Large\r\ncontent-length: 5\r\nconnection: close\r\n\r\nlarge';
    for (let round = 0; round < ROUNDS; round += 1) {
      expect(await refused(answer)).toMatchObject({
        type: 'done',
        response: { status: 413 },
        upload: { complete: false, endedBy: 'response' },
      });
    }
  });

  test('U3 fails and releases the sender where there is no answer', async () => {
    expect(await refused('')).toMatchObject({ type: 'error', error: { code: 'ERR_SOCKET' } });
  });

  test('U7 fails where the answer is cut, or only the close says that it ends', async () => {
    const cut = 'HTTP/1.1 413 Payload Too Large\r\ncontent-length: 500\r\n\r\nlarge';
    expect(await refused(cut)).toMatchObject({ type: 'error', error: { code: 'ERR_TRUNCATED' } });
    const open = 'HTTP/1.1 413 Payload Too Large\r\nconnection: close\r\n\r\nlarge';
    expect(await refused(open)).toMatchObject({ type: 'error', error: { code: 'ERR_TRUNCATED' } });
  });
});

test.each([5000, 300_000])(
  'U3 releases the sender when the peer resets while nobody reads its answer of %i bytes',
  async (bytes) => {
    await using peer = await scriptedPeer();
    await using stage = await uploadStage('HTTP/1.1');
    const { pool } = stage;
    const handle = pool.post(peer.origin, { streamBody: true, stream: true, window: 1000 });
    const send = async (): Promise<void> => {
      while (await pool.sendBody(handle, CHUNK));
    };
    const sender = send();
    const connection = await peer.connection();
    await connection.readHead();
    connection.pause();
    void connection.respond(200, {}, Buffer.alloc(bytes));
    expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
    const received = (): number => pool.stats().workers[0]?.bytesReceived ?? 0;
    await until(() => received() >= 1000, 'the answer does not come');
    await heard();
    connection.destroy();
    await sender;
    expect(pool.stats()).toMatchObject({ inFlight: 0, openUploads: 0 });
    await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
  },
);
