/** Clauses F1 and F2 over HTTP/1.1: the window to the byte, and backpressure down to the peer. */

import { afterEach, expect, test } from 'vitest';
import { createPool, type Pool } from '../../../src/index.ts';
import { patternBytes } from '../../helpers/echo-server.ts';
import { settled } from '../../helpers/leaks.ts';
import { bodyOf, MessageLog, readAll } from '../../helpers/message-log.ts';
import { type ScriptedConnection, scriptedPeer } from '../../helpers/scripted-peer.ts';

const MIB = 1024 * 1024;
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function setup(): Promise<{
  readonly pool: Pool;
  readonly url: string;
  readonly next: () => Promise<ScriptedConnection>;
}> {
  const peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  open.push(peer, { [Symbol.asyncDispose]: () => pool.destroy() });
  return { pool, url: `${peer.origin}/`, next: () => peer.connection() };
}

/** Writes pieces until one is stuck; resolves with the bytes the system took. */
async function fill(connection: ScriptedConnection): Promise<number> {
  for (let still = 0; still < 20; ) {
    const before = connection.flushed;
    if (connection.socket.writableLength === 0) void connection.write(PIECE);
    await settled(2);
    still = connection.flushed === before ? still + 1 : 0;
  }
  return connection.flushed;
}

const PIECE = patternBytes(251 * 1024);

test('F1 never has more than the window delivered and not granted, and splits at the credit', async () => {
  const { pool, url, next } = await setup();
  const total = 74_537;
  const window = 1000;
  let delivered = 0;
  let granted = 0;
  let most = 0;
  const log = new MessageLog((message) => {
    if (message.type !== 'data') return;
    delivered += message.chunk.byteLength;
    most = Math.max(most, delivered - granted);
  });
  const handle = pool.get(url, { stream: true, window, replyTo: log.receive });
  const connection = await next();
  await connection.readHead();
  void connection.respond(200, {}, patternBytes(total));
  expect((await log.next()).type).toBe('status');
  let step = 0;
  while (delivered < total) {
    expect((await log.next()).type).toBe('data');
    // Whatever was delivered at once is granted in steps of changing size.
    const grant = Math.min(1 + ((step * 37) % 700), delivered - granted);
    step += 1;
    granted += grant;
    pool.updateFlow(handle, grant);
  }
  await log.ended;
  expect(most).toBe(window);
  expect(log.body).toEqual(patternBytes(total));
  expect(log.types.at(-1)).toBe('done');
});

test('F2 stops reading at zero credit, and the peer can write no more', async () => {
  const { pool, url, next } = await setup();
  const log = new MessageLog();
  const handle = pool.get(url, { stream: true, window: 64 * 1024, replyTo: log.receive });
  const connection = await next();
  await connection.readHead();
  await connection.writeHead(200, { connection: 'close' });
  void connection.write(PIECE);
  while (log.body.byteLength < 64 * 1024) await settled(1);
  const stuckAt = await fill(connection);
  expect(log.body.byteLength).toBe(64 * 1024);
  await settled(50);
  expect(connection.flushed).toBe(stuckAt);
  expect(pool.stats().workers.reduce((sum, worker) => sum + worker.bytesReceived, 0)).toBeLessThan(
    256 * 1024,
  );
  // One grant makes the peer's writes move again, by as much.
  pool.updateFlow(handle, Number.POSITIVE_INFINITY);
  while (connection.flushed === stuckAt) await settled(1);
  pool.cancel(handle);
  await connection.closed;
});

test('F1 holds 1 MiB for a mailbox that is not read, and goes on as it is read', async () => {
  const { pool, url, next } = await setup();
  const handle = pool.get(url, { stream: true });
  const connection = await next();
  await connection.readHead();
  const total = 24 * MIB;
  const body = Buffer.alloc(total, 'x');
  void connection.respond(200, {}, body);
  await settled(200);
  const received = (): number =>
    pool.stats().workers.reduce((sum, worker) => sum + worker.bytesReceived, 0);
  while (received() < MIB) await settled(1);
  await settled(100);
  // The window, and the one chunk that found it used up.
  expect(received()).toBeLessThanOrEqual(MIB + 64 * 1024);
  const messages = await readAll(pool.messages(handle));
  expect(bodyOf(messages).byteLength).toBe(total);
  expect(messages.at(-1)?.type).toBe('done');
});

test('F2 reads on for one response while another is granted within its callback', async () => {
  const { pool, url, next } = await setup();
  const starved = new MessageLog();
  const slow = pool.get(url, { stream: true, window: 1, replyTo: starved.receive });
  const first = await next();
  await first.readHead();
  void first.respond(200, {}, patternBytes(300_000));
  await starved.next();
  await starved.next();
  const problems: unknown[] = [];
  const granting = new MessageLog((message) => {
    if (message.type !== 'data') return;
    try {
      pool.updateFlow(slow, Number.POSITIVE_INFINITY);
    } catch (error) {
      problems.push(error);
    }
  });
  pool.get(url, { stream: true, replyTo: granting.receive });
  const second = await next();
  await second.readHead();
  void second.respond(200, {}, 'x');
  await granting.ended;
  await starved.ended;
  expect(problems).toEqual([]);
  expect(starved.body).toEqual(patternBytes(300_000));
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
});

test('F1 takes grants from inside the receiver, one byte of window at a time', async () => {
  const { pool, url, next } = await setup();
  const log: MessageLog = new MessageLog((message) => {
    if (message.type === 'data') pool.updateFlow(handle, message.chunk.byteLength);
  });
  const handle = pool.get(url, { stream: true, window: 1, replyTo: log.receive });
  const connection = await next();
  await connection.readHead();
  void connection.respond(200, {}, patternBytes(100_000));
  expect((await log.ended).type).toBe('done');
  expect(log.messages.length).toBe(100_002);
  expect(log.body).toEqual(patternBytes(100_000));
});
