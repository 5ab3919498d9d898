/**
 * `minThroughput` of an upload, to the byte: the test is the transport, and takes what it likes when
 * it likes.
 */

import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { AsyncHandle, Pool, RequestOptions } from '../../../src/index.ts';
import { settled } from '../../helpers/leaks.ts';
import { type ScriptedDispatch, ScriptedDispatcher } from '../../helpers/scripted-dispatcher.ts';
import { type SimulatedPool, simulatedPool } from '../../helpers/simulated-pool.ts';

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024);
const UPLOAD = {
  method: 'POST',
  url: 'http://peer.test',
  streamBody: true,
  stream: true,
  idleTimeout: Number.POSITIVE_INFINITY,
  headersTimeout: Number.POSITIVE_INFINITY,
  minThroughput: { bytes: MIB, interval: 1_000 },
} as const;
const TOO_SLOW = { type: 'error', error: { code: 'ERR_IDLE_TIMEOUT' } } as const;

interface Stage extends SimulatedPool {
  readonly wire: ScriptedDispatch;
  readonly handle: AsyncHandle;
}

async function stage(options: RequestOptions = {}): Promise<Stage> {
  const dispatcher = new ScriptedDispatcher();
  const simulated = simulatedPool({ dispatcher: () => dispatcher });
  const { pool, replyTo } = simulated;
  const handle = pool.request({ ...UPLOAD, replyTo, ...options });
  return { ...simulated, handle, wire: await dispatcher.next() };
}

/** Sends as fast as it is taken, until it is taken no more. */
async function sendAll(pool: Pool, handle: AsyncHandle): Promise<void> {
  while (await pool.sendBody(handle, CHUNK));
}

/** The transport takes so many bytes at once, or a piece more. */
async function take({ options: { body } }: ScriptedDispatch, bytes: number): Promise<void> {
  if (!(body instanceof Readable)) throw new TypeError('the body is no stream');
  let left = bytes;
  while (left > 0) {
    const piece: Buffer | null = body.read();
    if (piece === null) await settled(1);
    else left -= piece.byteLength;
  }
}

test('T4 ends a peer that is 2 MiB behind, as a system takes an upload in steps', async () => {
  await using upload = await stage();
  const { pool, handle, wire, clock, messageAt, inbox } = upload;
  const all = sendAll(pool, handle);
  wire.start();
  await take(wire, 10 * MIB);
  await settled();
  // Behind by almost one, then by almost two; what it was ahead does not count.
  await take(wire, 64 * 1024);
  clock.advance(2_000);
  expect(inbox.size).toBe(0);
  expect(await messageAt(1_000)).toMatchObject({
    ...TOO_SLOW,
    error: { phase: 'upload' },
    upload: { complete: false },
  });
  expect(wire.aborted).toBe(true);
  await all;
});

test('T4 never ends a peer that takes enough, be it in steps', async () => {
  await using upload = await stage();
  const { pool, handle, wire, clock, inbox } = upload;
  const all = sendAll(pool, handle);
  wire.start();
  for (let round = 0; round < 30; round += 1) {
    await take(wire, 2.1 * MIB);
    clock.advance(2_000);
    expect(inbox.size).toBe(0);
  }
  pool.cancel(handle);
  await all;
});

test('T4 never ends a peer that takes all it gets, be there always some on its way', async () => {
  await using upload = await stage();
  const { pool, handle, wire, clock, inbox } = upload;
  wire.start();
  const piece = CHUNK.subarray(0, 30_000);
  void pool.sendBody(handle, piece);
  for (let round = 0; round < 100; round += 1) {
    void pool.sendBody(handle, piece);
    await take(wire, piece.byteLength);
    clock.advance(250);
    expect(inbox.size).toBe(0);
  }
  pool.cancel(handle);
});

test('T4 counts no time in which there is no connection', async () => {
  const options = { connectTimeout: Number.POSITIVE_INFINITY };
  await using upload = await stage(options);
  const { pool, handle, wire, clock, messageAt, inbox } = upload;
  const all = sendAll(pool, handle);
  await settled();
  clock.advance(100_000);
  void pool.sendBody(handle, CHUNK);
  expect(inbox.size).toBe(0);
  wire.start();
  await settled();
  clock.advance(2_000);
  expect(inbox.size).toBe(0);
  expect(await messageAt(1_000)).toMatchObject(TOO_SLOW);
  await all;
});

test('T4 measures what is left of a body when its caller has given all', async () => {
  const minThroughput = { bytes: 2 * MIB, interval: 1_000 };
  await using upload = await stage({ minThroughput, uploadBuffer: MIB });
  const { pool, handle, wire, clock, messageAt, inbox } = upload;
  wire.start();
  void pool.sendBody(handle, Buffer.alloc(70_000));
  await settled();
  void pool.finishBody(handle);
  await take(wire, 60_000);
  clock.advance(1_000);
  expect(inbox.size).toBe(0);
  expect(await messageAt(1_000)).toMatchObject(TOO_SLOW);
});

test('T4 counts both directions from the headers of the response on, and no steps', async () => {
  await using upload = await stage();
  const { pool, handle, wire, clock, messageAt, inbox } = upload;
  const all = sendAll(pool, handle);
  wire.start();
  await settled();
  clock.advance(1_008);
  wire.head();
  expect(await inbox.next()).toMatchObject({ type: 'status' });
  for (let round = 0; round < 3; round += 1) {
    await take(wire, MIB);
    clock.advance(1_000);
    wire.data(Buffer.alloc(MIB));
    expect(await inbox.next()).toMatchObject({ type: 'data' });
    clock.advance(1_000);
  }
  await settled();
  expect(inbox.size).toBe(0);
  expect(await messageAt(1_000)).toMatchObject(TOO_SLOW);
  await all;
});

test('T4 counts from the headers of the response on, whoever is waited for', async () => {
  await using upload = await stage();
  const { pool, handle, wire, clock, messageAt, inbox } = upload;
  wire.start();
  wire.head();
  expect(await inbox.next()).toMatchObject({ type: 'status' });
  clock.advance(500);
  void pool.sendBody(handle, CHUNK);
  expect(await messageAt(500)).toMatchObject(TOO_SLOW);
});
