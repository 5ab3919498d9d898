/** Clause S1: what every terminal message says an exchange cost. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPool, type Metrics, type RequestError } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { echoServer, patternBytes } from '../../helpers/echo-server.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustTestCa } from '../../helpers/tls.ts';

const NAMES =
  'attempts bytesReceived bytesSent connect dns firstByte queued redirects reusedConnection tls total worker';

let peer: ScriptedPeer;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  peer = await scriptedPeer();
  cleanups.push(() => peer.close());
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function poolOn(clock: ManualClock, options = {}): RequestPool {
  const pool = new RequestPool({ workers: 1, maxInFlight: 1, ...options }, { clock });
  cleanups.push(() => pool.destroy());
  return pool;
}

const numbers = (metrics: Metrics): (number | undefined)[] => [
  metrics.queued,
  metrics.firstByte,
  metrics.total,
];

test('S1 counts queue, first byte and total on the clock of the pool', async () => {
  const clock = new ManualClock(1000);
  const pool = poolOn(clock);
  const first = pool.get(peer.origin);
  const log = new MessageLog();
  const second = pool.get(peer.origin, { stream: true, replyTo: log.receive });
  const connection = await peer.connection();
  await connection.readHead();
  clock.advance(30);
  void connection.respond(200, { connection: 'close' });
  expect(numbers((await pool.await(first)).metrics)).toEqual([0, 30, 30]);
  const next = await peer.connection();
  await next.readHead();
  clock.advance(7);
  void next.respond(200, { 'content-length': '6' }, 'abc');
  expect((await log.next()).type).toBe('status');
  clock.advance(5);
  void next.write('def');
  const done = await log.ended;
  expect(numbers(done.metrics)).toEqual([30, 7, 42]);
  expect(done.metrics).toMatchObject({ bytesSent: 0, bytesReceived: 6, worker: 1, attempts: 1 });
  expect((await pool.await(second)).metrics).toEqual(done.metrics);
});

test('S1 tells of an exchange that was never admitted', async () => {
  const clock = new ManualClock();
  const pool = poolOn(clock);
  pool.get(peer.origin);
  const log = new MessageLog();
  pool.post(peer.origin, { body: 'never sent', queueTimeout: 64, replyTo: log.receive });
  clock.advance(64);
  expect((await log.ended).metrics).toEqual({
    queued: 64,
    dns: undefined,
    connect: undefined,
    tls: undefined,
    firstByte: undefined,
    total: 64,
    bytesSent: 0,
    bytesReceived: 0,
    worker: undefined,
    attempts: 0,
    redirects: 0,
    reusedConnection: undefined,
  });
});

test('S1 is one flat object of the same names, however the exchange ends', async () => {
  const pool = createPool({ workers: 1, maxInFlight: 3, queueLimit: 0 });
  cleanups.push(() => pool.destroy());
  const logs = Array.from({ length: 4 }, () => new MessageLog());
  for (const { receive } of logs) pool.get(peer.origin, { stream: true, replyTo: receive });
  const [answered, truncated, reset] = [
    await peer.connection(),
    await peer.connection(),
    await peer.connection(),
  ];
  for (const connection of [answered, truncated, reset]) await connection.readHead();
  void answered.respond(200, {}, 'abc');
  void truncated.respond(200, { 'content-length': '9' }, 'abc');
  truncated.end();
  reset.reset();
  for (const { ended } of logs) {
    const { metrics } = await ended;
    expect(Object.keys(metrics).sort().join(' ')).toBe(NAMES);
    for (const value of Object.values(metrics)) {
      expect(['number', 'boolean', 'undefined']).toContain(typeof value);
    }
  }
});

test('S1 tells the steps of a fresh connection, and none for a reused one', async () => {
  using _trust = trustTestCa();
  const server = await echoServer({ protocol: 'https' });
  cleanups.push(() => server.close());
  const pool = createPool({ workers: 1 });
  cleanups.push(() => pool.destroy());
  const fresh = (await pool.await(pool.get(server.url('/bytes/10')))).metrics;
  expect(fresh).toMatchObject({ reusedConnection: false, attempts: 1, bytesReceived: 10 });
  for (const step of [fresh.dns, fresh.connect, fresh.tls]) expect(step).toBeGreaterThanOrEqual(0);
  // undici frees a connection a turn after its response.
  await settled();
  const reused = (await pool.await(pool.get(server.url('/bytes/10')))).metrics;
  expect(reused).toMatchObject({ reusedConnection: true, attempts: 1 });
  expect([reused.dns, reused.connect, reused.tls]).toEqual([undefined, undefined, undefined]);
});

test('S1 tells no DNS and no TLS where there was none', async () => {
  const pool = createPool();
  cleanups.push(() => pool.destroy());
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200);
  const { metrics } = await pool.await(handle);
  expect([metrics.dns, metrics.tls]).toEqual([undefined, undefined]);
  expect(metrics.connect).toBeGreaterThanOrEqual(0);
});

test('S1 counts the bytes of both bodies', async () => {
  const server = await echoServer();
  cleanups.push(() => server.close());
  const pool = createPool();
  cleanups.push(() => pool.destroy());
  const body = patternBytes(70_000);
  const whole = await pool.await(pool.post(server.url('/echo'), { body }));
  expect(whole.metrics).toMatchObject({ bytesSent: 70_000, bytesReceived: 70_000 });
  expect(whole.upload).toEqual({ complete: true, bytesSent: 70_000, endedBy: 'caller' });

  const handle = pool.post(server.url('/echo'), { streamBody: true, stream: true });
  for (let at = 0; at < body.length; at += 7000) {
    expect(await pool.sendBody(handle, body.subarray(at, at + 7000))).toBe(true);
  }
  expect(await pool.finishBody(handle)).toBe(true);
  const streamed = await pool.await(handle);
  expect(streamed.metrics).toMatchObject({ bytesSent: 70_000, bytesReceived: 70_000 });
  expect(Buffer.compare(streamed.body, body)).toBe(0);
});

test('S1 is on the error that await rejects with, by way of its message', async () => {
  const pool = createPool();
  cleanups.push(() => pool.destroy());
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  connection.reset();
  const error = await pool.await(handle).catch((cause: RequestError) => cause);
  const message = await pool.receive(handle);
  expect(message).toMatchObject({ type: 'error', error, metrics: { attempts: 1, worker: 1 } });
});
