/**
 * U1 over real connections: a caller that fills one buffer again and again while the peer stalls
 * and reads by turns. The peer echoes; what comes back is what was in the buffer at each call.
 */

import { createHash } from 'node:crypto';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BLOCK_BYTES, OWN_BLOCKS } from '../../../src/actors/upload-blocks.ts';
import { createPool, type Pool, type PoolOptions } from '../../../src/index.ts';
import { type EchoProtocol, type EchoServer, echoServer } from '../../helpers/echo-server.ts';
import { settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustTestCa } from '../../helpers/tls.ts';
import type { Protocol } from '../../helpers/upload-peer.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

/**
 * For tests that look at the blocks themselves: those of a thread are its carrier's, and nobody else
 * sees them (see actors/shared-blocks.test).
 */
const INLINE = { isolation: 'inline' } as const;

const SIZES = [65_536, 1, 8192, 65_535, 100, 20_000, 65_537, 400_000, 65_536] as const;
/** More than what the system and the server hold while nobody reads the response. */
const TOTAL_BYTES = 12 * 1024 * 1024;

let trust: Disposable;
beforeAll(() => {
  trust = trustTestCa();
});
afterAll(() => trust[Symbol.dispose]());

/** Sends from one buffer, filled anew for each call; resolves with the digest of all of it. */
async function send(
  pool: Pool,
  handle: ReturnType<Pool['post']>,
  totalBytes = TOTAL_BYTES,
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(500_000);
  for (let sent = 0, call = 0; sent < totalBytes; call += 1) {
    const size = SIZES[call % SIZES.length] ?? 1;
    const chunk = buffer.subarray(call % 7, (call % 7) + size);
    buffer.fill(`${call} `);
    hash.update(chunk);
    if (!(await pool.sendBody(handle, chunk))) throw new Error('the upload ended early');
    sent += size;
  }
  buffer.fill('!');
  await pool.finishBody(handle);
  return hash.digest('hex');
}

function bytesSent(pool: Pool): number {
  return pool.stats().workers[0]?.bytesSent ?? 0;
}

/** Resolves with the bytes sent when they have been the same for a while. */
async function standstill(pool: Pool): Promise<number> {
  for (;;) {
    const bytes = bytesSent(pool);
    await settled(5000);
    if (bytesSent(pool) === bytes) return bytes;
  }
}

/** Reads the response by fits and starts; resolves with its digest. */
async function read(pool: Pool, handle: ReturnType<Pool['post']>): Promise<string> {
  const hash = createHash('sha256');
  let rests = 0;
  for await (const message of pool.messages(handle)) {
    if (message.type === 'error') throw message.error;
    if (message.type === 'data') hash.update(message.chunk);
    if (message.type === 'data' && ++rests % 40 === 0) await settled(5);
  }
  return hash.digest('hex');
}

async function roundTrip(server: EchoServer, options: PoolOptions = {}): Promise<void> {
  const pool = createPool({ workers: 1, ...options });
  // The connection is there before the first chunk.
  await pool.await(pool.get(server.url('/headers')));
  const handle = pool.post(server.url('/echo'), { streamBody: true, stream: true });
  const sending = send(pool, handle);
  await settled(50);
  const echoed = await read(pool, handle);
  expect(echoed).toBe(await sending);
  await pool.close();
  expect(OWN_BLOCKS.counts.lent).toBe(0);
}

describe('U1 sends what was in the buffer at each call', () => {
  test.each<[string, EchoProtocol]>([
    ['HTTP/1.1', 'http'],
    ['HTTP/1.1 over TLS', 'https'],
    ['HTTP/2', 'h2'],
  ])('over %s', async (_name, protocol) => {
    await using server = await echoServer({ protocol });
    await roundTrip(server);
  });

  test('to a peer that stalls again and again', async () => {
    await using peer = await scriptedPeer();
    const pool = createPool({ workers: 1 });
    const handle = pool.post(peer.origin, { streamBody: true });
    const first = pool.sendBody(handle, 'first');
    const connection = await peer.connection();
    connection.pause();
    await first;
    const sending = send(pool, handle, 2 * TOTAL_BYTES);
    for (let stall = 0; stall < 3; stall += 1) {
      const stopped = await standstill(pool);
      connection.resume();
      while (bytesSent(pool) < stopped + BLOCK_BYTES) await settled(1);
      connection.pause();
    }
    connection.resume();
    const { body } = await connection.readRequest();
    const digest = createHash('sha256').update(body.subarray('first'.length)).digest('hex');
    expect(digest).toBe(await sending);
    await pool.destroy();
  });

  test('through a dispatcher that is not ours', async () => {
    await using server = await echoServer();
    await roundTrip(server, { dispatcher: () => new Agent() });
    expect(OWN_BLOCKS.counts).toMatchObject({ lent: 0 });
  });
});

test.each<Protocol>(['HTTP/1.1', 'HTTP/2'])('U2 uses memory again over %s', async (protocol) => {
  await using stage = await uploadStage(protocol, INLINE);
  const { pool, peer } = stage;
  const handle = pool.post(peer.origin, { streamBody: true });
  void pool.sendBody(handle, 'first');
  (await peer.request()).stall();
  const chunk = Buffer.alloc(65_536, 'a');
  const senders = Array.from({ length: 400 }, () => pool.sendBody(handle, chunk));
  await settled(50);
  expect(OWN_BLOCKS.counts.lent).toBeGreaterThan(0);
  pool.cancel(handle);
  await Promise.all(senders);
  expect(OWN_BLOCKS.counts.lent).toBe(0);
});

test('U1 uses no memory again that a connection may still send when its upload is cut', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1, ...INLINE });
  const handle = pool.post(peer.origin, { streamBody: true });
  const first = pool.sendBody(handle, 'first');
  const connection = await peer.connection();
  await connection.readHead();
  connection.pause();
  expect(await first).toBe(true);
  const chunk = Buffer.alloc(65_536, 'a');
  const senders = Array.from({ length: 400 }, () => pool.sendBody(handle, chunk));
  await settled(50);
  const { lent, free } = OWN_BLOCKS.counts;
  expect(lent).toBeGreaterThan(0);
  connection.reset();
  await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_SOCKET' });
  expect((await Promise.all(senders)).at(-1)).toBe(false);
  expect(OWN_BLOCKS.counts).toEqual({ lent: 0, free });
  await pool.destroy();
});
