/**
 * A response that arrives before the upload is complete: it is delivered, senders are released, and
 * no half request stays on a connection that is used again (U7). And data that flows both ways at
 * once (U8).
 */

import { describe, expect, test } from 'vitest';
import type { Message } from '../../../src/index.ts';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import { http2Peer } from '../../helpers/http2-peer.ts';
import { textOf } from '../../helpers/message-log.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';
import { PROTOCOLS } from '../../helpers/upload-peer.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

/** Sends until it is told that nobody wants more. */
async function sendForEver(pool: RequestPool, handle: Parameters<RequestPool['sendBody']>[0]) {
  const chunk = Buffer.alloc(16 * 1024);
  while (await pool.sendBody(handle, chunk));
  return 'released' as const;
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test.each([401, 413, 307, 200])(
    'U7 delivers an early %i and releases the sender',
    async (status) => {
      await using stage = await uploadStage(protocol);
      const { pool, peer } = stage;
      const handle = pool.post(peer.origin, { streamBody: true });
      const sender = sendForEver(pool, handle);
      const request = await peer.request();
      await request.next();
      request.stall();
      request.respond(status, { location: '/elsewhere' });
      request.write('early');
      request.end();
      const response = await pool.await(handle);
      expect([response.status, response.text()]).toEqual([status, 'early']);
      expect(response.upload).toMatchObject({ complete: false, endedBy: 'response' });
      expect(await sender).toBe('released');
      expect(await pool.finishBody(handle)).toBe(false);
      await request.closed();
      expect((await request.rest()).complete).toBe(false);
      expect(pool.stats()).toMatchObject({ inFlight: 0, openUploads: 0 });
    },
  );

  test('U7 lets the upload go on while an early response has not ended', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true, stream: true });
    void pool.sendBody(handle, 'first');
    const request = await peer.request();
    request.respond(200);
    expect(await pool.receive(handle)).toMatchObject({ type: 'status', status: 200 });
    expect(await request.next()).toBe('first');
    expect(await pool.sendBody(handle, 'second')).toBe(true);
    expect(await request.next()).toBe('second');
    const finished = pool.finishBody(handle);
    expect(await request.rest()).toMatchObject({ complete: true });
    expect(await finished).toBe(true);
    request.end();
    const upload = { complete: true, bytesSent: 11, endedBy: 'caller' };
    expect(await pool.receive(handle)).toMatchObject({ type: 'done', upload });
  });

  test('U8 answers each chunk while the upload goes on', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true, stream: true });
    const messages: Message[] = [];
    const read = async (): Promise<Message | undefined> => {
      const message = await pool.receive(handle);
      if (message !== undefined) messages.push(message);
      return message;
    };
    void pool.sendBody(handle, '0');
    const request = await peer.request();
    request.respond(200);
    expect(await read()).toMatchObject({ type: 'status' });
    for (let round = 0; round < 20; round += 1) {
      const chunk = await request.next();
      request.write(`<${chunk}>`);
      const message = await read();
      expect(message?.type === 'data' && textOf(message.chunk)).toContain(`<${round}>`);
      expect(await pool.sendBody(handle, `${round + 1}`)).toBe(true);
    }
    void pool.finishBody(handle);
    expect(await request.rest()).toMatchObject({ complete: true });
    request.end();
    expect(await read()).toMatchObject({ type: 'done', upload: { complete: true } });
    expect(await pool.receive(handle)).toBeUndefined();
  });
});

test('U7 does not use the connection of half a request again over HTTP/1.1', async () => {
  await using peer = await scriptedPeer();
  await using stage = await uploadStage('HTTP/1.1');
  const { pool } = stage;
  const upload = pool.post(peer.origin, { streamBody: true });
  void pool.sendBody(upload, 'half');
  const first = await peer.connection();
  await first.readHead();
  await first.nextChunk();
  const next = pool.get(peer.origin);
  void first.respond(401, { connection: 'keep-alive' });
  expect((await pool.await(upload)).status).toBe(401);
  const second = await peer.connection();
  expect((await second.readRequest()).method).toBe('GET');
  void second.respond(200);
  expect((await pool.await(next)).metrics.reusedConnection).toBe(false);
  await first.closed;
  expect(first.text()).not.toContain('GET');
});

test('U7 resets the stream of half a request over HTTP/2 and keeps its connection', async () => {
  using _trust = trustTestCa();
  await using peer = await http2Peer({ tls: trustedServer });
  await using stage = await uploadStage('HTTP/2');
  const { pool } = stage;
  const upload = pool.post(peer.origin, { streamBody: true });
  void pool.sendBody(upload, 'half');
  const half = await peer.stream();
  await half.nextData();
  half.respond(401, {}, { endStream: true });
  expect((await pool.await(upload)).status).toBe(401);
  expect(await half.closed).toMatchObject({
    endedByPeer: false,
    rstCode: 8,
    connectionLost: false,
  });
  const next = pool.get(peer.origin);
  const whole = await peer.stream();
  whole.respond(200, {}, { endStream: true });
  expect((await pool.await(next)).metrics.reusedConnection).toBe(true);
  expect(peer.connections).toBe(1);
});
