/** Backpressure across threads: neither side can bury the other (F1, F2, U2, W5). */

import { expect, test } from 'vitest';
import { SHARED_CREDIT_BYTES } from '../../../src/actors/thread-protocol.ts';
import type { AsyncHandle, Message, Pool } from '../../../src/index.ts';
import { patternBytes } from '../../helpers/echo-server.ts';
import { settled } from '../../helpers/leaks.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { type ScriptedConnection, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { threadPool } from '../../helpers/thread-pool.ts';
import { until } from '../../helpers/until.ts';

const MIB = 1024 * 1024;
/** What one read of a socket gives at most. */
const CHUNK_BYTES = 64 * 1024;
/** More than the system takes for a connection that nobody reads. */
const BODY = patternBytes(32 * MIB);

function answer(connection: ScriptedConnection, body: Uint8Array): void {
  void connection.respond(200, { 'content-length': String(body.byteLength) }, body);
}

test.each([1, 1_000, 100_000])(
  'F2 a thread reads a window of %i and one chunk, and then no more',
  async (window) => {
    await using peer = await scriptedPeer();
    const pool = threadPool();
    const log = new MessageLog();
    const handle = pool.get(peer.origin, { stream: true, window, replyTo: log.receive });
    const connection = await peer.connection();
    await connection.readHead();
    answer(connection, BODY);
    const received = (): number => pool.stats().workers[0]?.bytesReceived ?? 0;
    await until(() => received() > window, 'the window is not used up');
    await settled(200);
    expect(received()).toBeLessThanOrEqual(window + CHUNK_BYTES);
    expect(log.body.byteLength).toBe(window);
    pool.updateFlow(handle, 10);
    await settled(200);
    expect(log.body.byteLength).toBe(window + 10);
    pool.updateFlow(handle, Number.POSITIVE_INFINITY);
    expect((await log.ended).type).toBe('done');
    expect(Buffer.compare(log.body, BODY)).toBe(0);
    await pool.close();
  },
);

test('F2 a thread reads no more than a chunk beyond what an await that gave up has let in', async () => {
  await using peer = await scriptedPeer();
  const pool = threadPool();
  const handle = pool.get(peer.origin, { stream: true, window: 1_000 });
  const connection = await peer.connection();
  await connection.readHead();
  const waiting = new AbortController();
  const awaited = expect(pool.await(handle, { signal: waiting.signal })).rejects.toThrow('enough');
  // Collected, which lifts the window, and not read, which would open it.
  void connection.respond(
    200,
    { 'content-length': String(BODY.byteLength) },
    BODY.subarray(0, 1_000),
  );
  const received = (): number => pool.stats().workers[0]?.bytesReceived ?? 0;
  await until(() => received() === 1_000, 'the first part does not come');
  waiting.abort(new Error('enough'));
  await awaited;
  void connection.write(BODY.subarray(1_000, 2_000));
  await until(() => received() === 2_000, 'the second part does not come');
  // What follows is heard by the thread after what it was told by now.
  const other = pool.get(peer.origin);
  const second = await peer.connection();
  await second.readHead();
  void second.respond(200, { 'content-length': '0' });
  await pool.await(other);
  void connection.write(BODY.subarray(2_000));
  await until(() => received() > 2_000, 'the rest does not come');
  await settled(200);
  expect(received()).toBeLessThanOrEqual(2_000 + CHUNK_BYTES);
  expect(Buffer.concat(await bodyOf(pool, handle)).equals(BODY)).toBe(true);
  await pool.close();
});

test('W5 a thread holds no more than its credit for a pool that is busy', async () => {
  await using peer = await scriptedPeer();
  const pool = threadPool();
  let bytes = 0;
  const ended = Promise.withResolvers<Message>();
  pool.get(peer.origin, {
    stream: true,
    replyTo: (message) => {
      if (message.type === 'data') bytes += message.chunk.byteLength;
      else if (message.type !== 'status') ended.resolve(message);
    },
  });
  const connection = await peer.connection();
  await connection.readHead();
  answer(connection, BODY);
  await until(() => bytes > 0, 'the body does not begin');
  const before = bytes;
  block(300);
  await settled(1);
  expect(bytes - before).toBeLessThanOrEqual(2 * (SHARED_CREDIT_BYTES + CHUNK_BYTES));
  expect(await ended.promise).toMatchObject({ type: 'done' });
  expect(bytes).toBe(BODY.byteLength);
  await pool.close();
});

test('U2 an upload to a peer that stalls is held back, and U9 says how much of it has left', async () => {
  await using peer = await scriptedPeer();
  const pool = threadPool();
  const handle = pool.post(peer.origin, { streamBody: true, uploadBuffer: 128 * 1024 });
  let accepted = 0;
  const senders = Array.from({ length: 512 }, async () => {
    if (await pool.sendBody(handle, new Uint8Array(CHUNK_BYTES))) accepted += CHUNK_BYTES;
  });
  const connection = await peer.connection();
  await connection.readHead();
  connection.pause();
  const sent = (): number => pool.stats().workers[0]?.bytesSent ?? 0;
  await until(() => sent() > CHUNK_BYTES, 'the upload does not begin');
  await settled(200);
  expect(accepted).toBeLessThan(512 * CHUNK_BYTES);
  expect(accepted - sent()).toBeLessThanOrEqual(128 * 1024 + CHUNK_BYTES);
  pool.cancel(handle);
  await Promise.all(senders);
  const end = await pool.receive(handle);
  expect(end).toMatchObject({ upload: { complete: false, endedBy: 'failure' } });
  expect(end?.type === 'error' && end.upload?.bytesSent).toBe(sent());
  await pool.close();
});

test('U9 a body that had left when its exchange was cancelled is complete', async () => {
  await using peer = await scriptedPeer();
  const pool = threadPool();
  const handle = pool.post(peer.origin, { body: 'whole' });
  await (await peer.connection()).readRequest();
  await until(() => pool.stats().workers[0]?.bytesSent === 5, 'the body is not sent');
  pool.cancel(handle);
  expect(await pool.receive(handle)).toMatchObject({
    type: 'error',
    error: { code: 'ERR_CANCELLED', sent: true },
    upload: { complete: true, bytesSent: 5, endedBy: 'caller' },
  });
  await pool.close();
});

async function bodyOf(pool: Pool, handle: AsyncHandle): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const message of pool.messages(handle)) {
    if (message.type === 'data') chunks.push(message.chunk);
  }
  return chunks;
}

/** Nothing happens in this thread for so long. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
