/** A worker that dies: who is answered, who is moved, who does not notice. */

import { PassThrough } from 'node:stream';
import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import type { PoolOptions } from '../../../src/index.ts';
import { eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { failureOf } from '../../helpers/ends.ts';
import { ScriptedDispatcher } from '../../helpers/scripted-dispatcher.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';

/** Longer than the first restart may take (W3). */
const RESTART_MS = 100;

const errorsOf = ({ pool }: { pool: { stats(): { totals: { error: object } } } }): object =>
  pool.stats().totals.error;

describe.each(VERSIONS)('a killed worker over HTTP/%s', (version) => {
  test('W1 ends what it held at once, comes back, and no other worker notices', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ workers: 2, maxInFlight: 1 });
    const { clock, pool } = simulated;
    const dying = pool.get(peer.origin);
    const first = await peer.exchange();
    const living = pool.await(pool.get(peer.origin));
    const second = await peer.exchange();
    expect(pool.stats().workers.map(({ inFlight }) => inFlight)).toEqual([1, 1]);
    pool.killWorker(1);
    pool.killWorker(1);
    expect(errorsOf(simulated)).toEqual({ ERR_WORKER_DIED: 1 });
    expect(pool.stats().workers).toMatchObject([
      { state: 'restarting', restarts: 0, inFlight: 0 },
      { state: 'up', restarts: 0, inFlight: 1 },
    ]);
    const { error, metrics } = await failureOf(pool, dying);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', sent: true, retryable: true });
    expect([metrics.worker, String(error.cause)]).toEqual([1, 'Error: killed by the operator']);
    expect(['closed', 'reset', 'connection lost']).toContain(await first.abandoned);
    clock.advance(RESTART_MS);
    expect(pool.stats().workers[0]).toMatchObject({ state: 'up', restarts: 1 });
    const again = pool.await(pool.get(peer.origin));
    const third = await peer.exchange();
    await third.respond(200);
    await third.end();
    expect((await again).metrics).toMatchObject({ worker: 1, reusedConnection: false });
    await second.respond(200);
    await second.end();
    expect((await living).metrics).toMatchObject({ worker: 2, attempts: 1 });
  });

  test('W1 cuts an upload so that the peer never takes it for a whole one', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ uploadBuffer: 1 });
    const { pool } = simulated;
    const handle = pool.post(peer.origin, { streamBody: true });
    const sends = [pool.sendBody(handle, 'some'), pool.sendBody(handle, 'more')];
    const exchange = await peer.exchange();
    expect(await Promise.all(sends)).toEqual([true, true]);
    // More than the buffers between here and the peer can take.
    void pool.sendBody(handle, new Uint8Array(64 * 1024 * 1024));
    const blocked = pool.sendBody(handle, 'more than there is room for');
    pool.killWorker(1);
    expect(await blocked).toBe(false);
    expect(await pool.finishBody(handle)).toBe(false);
    const { error, upload } = await failureOf(pool, handle);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', phase: 'upload', sent: true });
    expect(upload).toMatchObject({ complete: false, endedBy: 'failure' });
    expect(['closed', 'reset', 'connection lost']).toContain(await exchange.abandoned);
  });
});

describe('a dying worker', () => {
  /** Worker 1 never gets a connection; worker 2 is sound. */
  const stuckFirst: PoolOptions = {
    workers: 2,
    dispatcher: ({ id }) => (id === 1 ? new Agent({ connect: () => {} }) : new Agent()),
  };

  test('W2 moves what it had not started to another one, unseen', async () => {
    await using peer = await scriptedPeer();
    await using simulated = simulatedPool(stuckFirst);
    const { pool, inbox, replyTo } = simulated;
    const handle = pool.post(peer.origin, { replyTo, streamBody: true });
    expect(await pool.sendBody(handle, 'before ')).toBe(true);
    expect(pool.stats().workers).toMatchObject([
      { inFlight: 1, openUploads: 1 },
      { inFlight: 0, openUploads: 0 },
    ]);
    pool.killWorker(1);
    expect(pool.stats().workers).toMatchObject([
      { inFlight: 0, openUploads: 0 },
      { inFlight: 1, openUploads: 1 },
    ]);
    expect(await pool.sendBody(handle, 'after')).toBe(true);
    const finished = pool.finishBody(handle);
    const connection = await peer.connection();
    expect(Buffer.from((await connection.readRequest()).body).toString()).toBe('before after');
    expect(await finished).toBe(true);
    await connection.respond(200);
    const end = await inbox.next();
    expect(end).toMatchObject({ type: 'done', metrics: { worker: 2, attempts: 2 } });
    expect([inbox.size, errorsOf(simulated)]).toEqual([0, {}]);
  });

  test('W2 lets what moved wait in front when no other worker has room', async () => {
    await using peer = await scriptedPeer();
    await using simulated = simulatedPool({ ...stuckFirst, maxInFlight: 1 });
    const { pool } = simulated;
    const moved = pool.await(pool.get(`${peer.origin}/moved`));
    const running = pool.await(pool.get(`${peer.origin}/running`));
    const later = pool.await(pool.get(`${peer.origin}/later`));
    const connection = await peer.connection();
    await connection.readHead();
    pool.killWorker(1);
    expect(pool.stats()).toMatchObject({ queued: 2, inFlight: 1 });
    await connection.respond(200, { connection: 'close' });
    await running;
    for (const [path, response] of [
      ['/moved', moved],
      ['/later', later],
    ] as const) {
      const next = await peer.connection();
      expect((await next.readHead()).target).toBe(path);
      await next.respond(200, { connection: 'close' });
      expect((await response).metrics.worker).toBe(2);
    }
  });

  const makingWay: readonly (readonly [string, { tenant?: string; caller?: PassThrough }])[] = [
    ['may not start again', { tenant: 'slow' }],
    ['ends for its caller', { caller: new PassThrough() }],
  ];
  test.each(makingWay)(
    'W2 gives the room that one needs who moves to nobody for whom another makes way who %s',
    async (_who, options) => {
      const transport = new ScriptedDispatcher();
      await using simulated = simulatedPool({
        ...{ workers: 2, maxInFlight: 2, maxPerOrigin: 1, select: 'least-busy' },
        tenants: { slow: { rate: { limit: 1, interval: 60_000 } } },
        dispatcher: ({ id }) => (id === 1 ? new ScriptedDispatcher() : transport),
      });
      const { pool } = simulated;
      pool.get('http://one.test/makes-way', options);
      pool.get('http://two.test/elsewhere');
      pool.get('http://three.test/moves');
      pool.get('http://one.test/waits');
      const { queued, workers } = pool.stats();
      expect([queued, workers.map(({ inFlight }) => inFlight)]).toEqual([1, [2, 1]]);
      await transport.next();
      options.caller?.destroy();
      pool.killWorker(1);
      expect((await transport.next()).options.path).toBe('/moves');
    },
  );

  test('W2 gives the room that one needs who moves to nobody who comes when another ends', async () => {
    const [dying, sound] = [new ScriptedDispatcher(), new ScriptedDispatcher()];
    await using simulated = simulatedPool({
      ...{ workers: 2, maxInFlight: 2, select: 'least-busy' },
      dispatcher: ({ id }) => (id === 1 ? dying : sound),
    });
    const { pool } = simulated;
    pool.get('http://one.test/ends', { replyTo: () => pool.get('http://one.test/comes') });
    pool.get('http://one.test/elsewhere');
    pool.get('http://one.test/moves');
    await dying.begun();
    await sound.next();
    pool.killWorker(1);
    expect(errorsOf(simulated)).toEqual({ ERR_WORKER_DIED: 1 });
    expect((await sound.next()).options.path).toBe('/moves');
    expect(pool.stats()).toMatchObject({ queued: 1, workers: [{ inFlight: 0 }, { inFlight: 2 }] });
  });

  test('W2 says that nothing was sent of an upload without a first byte', async () => {
    await using peer = await scriptedPeer();
    await using simulated = simulatedPool();
    const { pool } = simulated;
    const handle = pool.post(peer.origin, { streamBody: true });
    const connection = await peer.connection();
    // undici starts it in the turn in which the connection is there on its side too.
    const other = pool.await(pool.get(peer.origin));
    const second = await peer.connection();
    await second.respond(200);
    await other;
    pool.killWorker(1);
    const { error } = await failureOf(pool, handle);
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', sent: false, retryable: true });
    await connection.closed;
    expect(connection.received).toBe(0);
  });
});
