/**
 * A server that refuses an upload and closes at once, without reading the rest: its answer is
 * delivered although writing to it fails (U7, see `actors/read-on`).
 */

import { describe, expect, test } from 'vitest';
import { settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

const CHUNK = Buffer.alloc(20_000);
/** Which comes first, the answer or the failed write, is up to the system. */
const ROUNDS = 20;

describe.each([
  ['HTTP', {}],
  ['HTTPS', { tls: trustedServer }],
])('over %s', (_name, options) => {
  async function refused(answer: string) {
    using _trust = trustTestCa();
    await using peer = await scriptedPeer(options);
    await using stage = await uploadStage('HTTP/1.1');
    const { pool } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    const send = async (): Promise<void> => {
      while (await pool.sendBody(handle, CHUNK));
    };
    const sender = send();
    const connection = await peer.connection();
    await connection.readHead();
    connection.pause();
    await connection.write(answer);
    // Unread bytes make this a reset.
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
    await settled(50);
    connection.destroy();
    await sender;
    expect(pool.stats()).toMatchObject({ inFlight: 0, openUploads: 0 });
    await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
  },
);
