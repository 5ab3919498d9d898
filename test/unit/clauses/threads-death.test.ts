/** The deaths of a thread: who is answered, with what truth, and who does not notice. */

import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import { failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { http2Peer } from '../../helpers/http2-peer.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import type { ScriptedConnection } from '../../helpers/scripted-connection.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { threadPool } from '../../helpers/thread-pool.ts';
import { ThreadTap } from '../../helpers/thread-tap.ts';
import { trustedServer } from '../../helpers/tls.ts';
import { until } from '../../helpers/until.ts';

const PATIENT = { connectTimeout: 60_000, idleTimeout: 60_000 };
const SMALL_HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };
/** A thread of a busy machine comes up within it, or what waits there would move. */
const WEDGE_MS = 2_000;

/** How a response kills the thread that reads it, and what the error says of it. */
const DEATHS = [
  ['throw', 'an uncaught exception in a socket handler', 'TypeError: broken by a response'],
  ['exit', 'process.exit', 'Error: the thread has exited with code 7'],
  ['memory', 'too little memory', /^Error.*memory limit/],
  ['unclonable', 'a message that cannot be cloned', /Error/],
  ['loop', 'an endless loop', `Error: the thread has not answered for ${WEDGE_MS} ms`],
] as const;

/** The next requests, by the path they are for. */
async function arrivals(peer: ScriptedPeer, count: number) {
  const byTarget = new Map<string, ScriptedConnection>();
  for (let at = 0; at < count; at += 1) {
    const connection = await peer.connection();
    byTarget.set((await connection.readHead()).target, connection);
  }
  return byTarget;
}

describe.each(DEATHS)('x-die: %s', (how, what, reason) => {
  test(`W1 ${what} ends what the thread held, it comes back, and no other notices`, async () => {
    using unhandled = collectUnhandled();
    await using peer = await scriptedPeer();
    const thread = { resourceLimits: SMALL_HEAP };
    const wedgeTimeout = how === 'loop' ? WEDGE_MS : 60_000;
    const pool = threadPool({ workers: 2, maxInFlight: 2, thread, wedgeTimeout, ...PATIENT });
    const dying = pool.get(`${peer.origin}/dying`);
    const living = pool.get(`${peer.origin}/living`);
    const held = pool.get(`${peer.origin}/held`);
    expect(pool.stats().workers.map(({ inFlight }) => inFlight)).toEqual([2, 1]);
    const connections = await arrivals(peer, 3);
    void connections.get('/dying')?.respond(200, { 'x-die': how });
    for (const handle of [dying, held]) {
      const { error, metrics } = await failureOf(pool, handle);
      expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', sent: true, retryable: true });
      expect(String(error.cause)).toMatch(reason);
      expect(metrics.worker).toBe(1);
    }
    await connections.get('/held')?.closed;
    await connections.get('/living')?.respond(200, { connection: 'close' });
    expect((await pool.await(living)).metrics).toMatchObject({ worker: 2, attempts: 1 });
    await until(() => pool.stats().workers[0]?.state === 'up', 'the worker does not come back');
    expect(pool.stats().workers[0]?.restarts).toBe(1);
    // More than the other takes.
    const again = ['/a', '/b', '/c'].map((path) => pool.await(pool.get(peer.origin + path)));
    for (const connection of (await arrivals(peer, 3)).values()) await connection.respond(200);
    expect((await Promise.all(again)).map(({ metrics }) => metrics.worker)).toContain(1);
    expect(gaugesOf(pool)).toEqual(IDLE);
    await pool.close();
    await settled();
    expect([unhandled.exceptions, unhandled.rejections]).toEqual([[], []]);
  });
});

describe('what a thread has not started', () => {
  test('W2 moves to another worker, unseen, with its body', async () => {
    await using peer = await scriptedPeer();
    const pool = threadPool({ workers: 2, ...PATIENT });
    // Dispatched, and long before the thread has loaded what it needs to start it.
    const upload = pool.post(peer.origin, { streamBody: true });
    expect(await pool.sendBody(upload, 'before ')).toBe(true);
    pool.killWorker(1);
    expect(pool.stats().workers).toMatchObject([
      { inFlight: 0, openUploads: 0 },
      { inFlight: 1, openUploads: 1 },
    ]);
    expect(await pool.sendBody(upload, 'after')).toBe(true);
    const finished = pool.finishBody(upload);
    const connection = await peer.connection();
    expect(Buffer.from((await connection.readRequest()).body).toString()).toBe('before after');
    await connection.respond(200, { connection: 'close' });
    expect(await finished).toBe(true);
    expect((await pool.await(upload)).metrics).toMatchObject({ worker: 2, attempts: 2 });
    expect([peer.connections, pool.stats().totals.error]).toEqual([1, {}]);
    await pool.close();
  });

  test('W2 moves from a handshake that is never answered, and nothing was sent of it', async () => {
    await using peer = await scriptedPeer();
    const pool = threadPool({ workers: 2, ...PATIENT });
    const handle = pool.get(`https://127.0.0.1:${peer.port}/`);
    const abandoned = await peer.connection();
    pool.killWorker(1);
    await abandoned.closed;
    await peer.connection();
    pool.cancel(handle);
    const { error, metrics } = await failureOf(pool, handle);
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', sent: false });
    expect(metrics).toMatchObject({ worker: 2, attempts: 2 });
    await pool.close();
  });

  test('W2 is said not to be sent of an upload without a first byte', async () => {
    await using peer = await scriptedPeer();
    const pool = threadPool(PATIENT);
    const handle = pool.post(peer.origin, { streamBody: true });
    const started = pool.await(pool.get(peer.origin));
    const connections = [await peer.connection(), await peer.connection()];
    // One of the two has a request to read, the other waits for a byte of its upload.
    const [busy] = await Promise.all([
      Promise.race(connections.map((each) => each.readHead().then(() => each))),
    ]);
    await busy?.respond(200, { connection: 'close' });
    await started;
    pool.killWorker(1);
    const { error } = await failureOf(pool, handle);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', sent: false, retryable: true });
    await pool.close();
  });
});

test('W2 is said to be sent of an upload over HTTP/2 without a first byte, whose head has left', async () => {
  await using peer = await http2Peer({ tls: trustedServer });
  const pool = threadPool(PATIENT);
  const handle = pool.post(peer.origin, { streamBody: true });
  await peer.stream();
  pool.killWorker(1);
  const { error } = await failureOf(pool, handle);
  expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', sent: true, retryable: false });
  await pool.close();
});

test('W4 a thread that answers no more, and does not end when it is told to, keeps nobody waiting', async () => {
  const stubborn: (() => Promise<void>)[] = [];
  const hold = (worker: Worker): void => {
    const terminate = worker.terminate.bind(worker);
    const { promise, resolve } = Promise.withResolvers<number>();
    worker.terminate = () => promise;
    stubborn.push(() => terminate().then(resolve));
  };
  process.on('worker', hold);
  await using peer = await scriptedPeer();
  const pool = threadPool({ wedgeTimeout: WEDGE_MS, ...PATIENT });
  const held = ['/dying', '/held'].map((path) => pool.get(peer.origin + path));
  void (await arrivals(peer, 2)).get('/dying')?.respond(200, { 'x-die': 'loop' });
  for (const handle of held) {
    expect((await failureOf(pool, handle)).error.code).toBe('ERR_WORKER_DIED');
  }
  process.off('worker', hold);
  const again = pool.await(pool.get(`${peer.origin}/again`));
  const next = (await arrivals(peer, 1)).get('/again');
  void next?.respond(200, { connection: 'close' });
  expect((await again).status).toBe(200);
  const closed = pool.close();
  for (const end of stubborn) await end();
  await closed;
});

test('W3 threads that die too often fail the pool', async () => {
  await using peer = await scriptedPeer();
  const pool = threadPool({ maxRestarts: 1 });
  for (const code of ['ERR_WORKER_DIED', 'ERR_WORKER_DIED']) {
    const handle = pool.get(peer.origin);
    for (const connection of (await arrivals(peer, 1)).values()) {
      void connection.respond(200, { 'x-die': 'throw' });
    }
    expect((await failureOf(pool, handle)).error.code).toBe(code);
    const isRestarting = () => pool.stats().workers[0]?.state === 'restarting';
    await until(() => !isRestarting(), 'the worker neither comes back nor stops');
  }
  expect(() => pool.get(peer.origin)).toThrow(expect.objectContaining({ code: 'ERR_POOL_FAILED' }));
  await pool.close();
});

describe('what an end says has left, of an upload that its thread still passes on', () => {
  test('W2 nothing, and then nothing leaves', async () => {
    using tap = new ThreadTap('said');
    await using peer = await scriptedPeer();
    const pool = threadPool({ thread: { name: 'said' }, ...PATIENT });
    const upload = await startedUpload(pool, peer, tap);
    void pool.sendBody(upload.handle, 'too late');
    await ticked();
    pool.killWorker(1);
    const { error } = await failureOf(pool, upload.handle);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', sent: false, retryable: true });
    await upload.connection.closed;
    expect(upload.connection.readAvailable().byteLength).toBe(0);
    await pool.close();
  });

  test('U9 all that the peer sees of it', async () => {
    using tap = new ThreadTap('said');
    await using peer = await scriptedPeer();
    const pool = threadPool({ thread: { name: 'said' }, ...PATIENT });
    const { handle, connection } = await startedUpload(pool, peer, tap);
    await pool.sendBody(handle, 'in time');
    await connection.readHead();
    expect(Buffer.from((await connection.nextChunk()) ?? '').toString()).toBe('in time');
    await tap.echo('all');
    // Offered in shared memory, and the thread told of it together with the end.
    void pool.sendBody(handle, ', too late');
    await ticked();
    pool.cancel(handle);
    const { upload } = await failureOf(pool, handle);
    expect(upload).toEqual({ complete: false, bytesSent: 7, endedBy: 'failure' });
    await connection.closed;
    expect(connection.readAvailable().byteLength).toBe(0);
    await pool.close();
  });
});

/** An upload without a first byte, on a connection that was idle. */
async function startedUpload(pool: RequestPool, peer: ScriptedPeer, tap: ThreadTap) {
  const first = pool.await(pool.get(peer.origin));
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200);
  await first;
  const handle = pool.post(peer.origin, { streamBody: true });
  await settled(2);
  await tap.echo('all');
  return { handle, connection };
}

/** What was sent in this turn is on its way, and not yet posted. */
function ticked(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
