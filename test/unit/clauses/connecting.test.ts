/** Where undici still makes an exchange wait, for a connection: everything is answered at once. */

import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import type { AsyncHandle, PoolOptions, RequestOptions } from '../../../src/index.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';

/** A transport whose connect neither succeeds nor fails, as to a peer that accepts nothing. */
const stuck: PoolOptions = { dispatcher: () => new Agent({ connect: () => {} }) };

/** Accepts the connection and never answers the handshake, ALPN and all. */
const silent = (peer: ScriptedPeer): string => `https://127.0.0.1:${peer.port}/`;

const failed = (code: string) => ({
  type: 'error',
  error: { code, phase: 'connect', sent: false },
});

const UPLOAD: RequestOptions = { method: 'POST', streamBody: true };

describe('connecting', () => {
  test.each<[string, string, RequestOptions]>([
    ['http, by default', 'http://127.0.0.1:1/', {}],
    ['https, streamed', 'https://127.0.0.1:1/', { stream: true }],
    ['http, an upload', 'http://127.0.0.1:1/', UPLOAD],
  ])('T1 ends in ERR_CONNECT_TIMEOUT after 10 s: %s', async (_name, url, options) => {
    await using simulated = simulatedPool(stuck);
    const { pool, replyTo, messageAt } = simulated;
    pool.request({ url, replyTo, ...options });
    expect(await messageAt(10_000)).toMatchObject({ ...failed('ERR_CONNECT_TIMEOUT') });
    expect(pool.stats()).toMatchObject({ inFlight: 0, openUploads: 0 });
  });

  test('T1 ends in the timeout that is due first', async () => {
    await using simulated = simulatedPool(stuck);
    const { pool, replyTo, messageAt } = simulated;
    const url = 'http://127.0.0.1:1/';
    pool.get(url, { replyTo, connectTimeout: 100, timeout: 200, idleTimeout: 300 });
    expect(await messageAt(100)).toMatchObject(failed('ERR_CONNECT_TIMEOUT'));
    pool.get(url, { replyTo, connectTimeout: 300, timeout: 100, idleTimeout: 200 });
    expect(await messageAt(100)).toMatchObject(failed('ERR_TIMEOUT'));
    pool.get(url, { replyTo, connectTimeout: 200, timeout: 300, idleTimeout: 100 });
    expect(await messageAt(100)).toMatchObject(failed('ERR_IDLE_TIMEOUT'));
  });

  test('T3 closes the connection whose handshake did not end in time', async () => {
    await using peer = await scriptedPeer();
    await using simulated = simulatedPool();
    const { pool, replyTo, messageAt, inbox } = simulated;
    for (let count = 0; count < 3; count += 1) {
      pool.get(silent(peer), { replyTo, connectTimeout: 2_500 });
    }
    const connection = await peer.connection();
    expect(await messageAt(2_500)).toMatchObject(failed('ERR_CONNECT_TIMEOUT'));
    expect(inbox.size).toBe(2);
    await connection.closed;
    await peer.idle();
    expect(peer.connections).toBe(1);
  });

  // The second request waits in undici's own queue, for what the first one's ALPN will tell.
  test.each([0, 1])(
    'H7 answers in the same tick while ALPN is awaited, request %i',
    async (which) => {
      await using peer = await scriptedPeer();
      await using simulated = simulatedPool();
      const { pool, clock } = simulated;
      // A handle that is dropped counts as a dead caller (H8).
      const kept: AsyncHandle[] = [];
      const start = (options: RequestOptions): AsyncHandle => {
        const pair = [{}, {}].map((_, index) => (index === which ? options : { timeout: 50_000 }));
        const handles = pair.map((each) => pool.get(silent(peer), { ...each, stream: true }));
        kept.push(...handles);
        return handles[which] ?? pool.handle('');
      };
      const caller = new AbortController();
      const signal = new AbortController();
      const handle = start({});
      start({ caller: caller.signal });
      start({ signal: signal.signal });
      start({ timeout: 700 });
      await peer.connection();
      pool.cancel(handle);
      expect(pool.stats().totals.error).toEqual({ ERR_CANCELLED: 1 });
      caller.abort();
      expect(pool.stats().totals.error).toEqual({ ERR_CANCELLED: 1, ERR_CALLER_DIED: 1 });
      signal.abort();
      expect(pool.stats().totals.error).toEqual({ ERR_CANCELLED: 2, ERR_CALLER_DIED: 1 });
      clock.advance(708);
      expect(pool.stats().totals.error).toMatchObject({ ERR_CANCELLED: 2, ERR_TIMEOUT: 1 });
      expect(pool.stats().inFlight).toBe(kept.length - 4);
    },
  );

  test('H7 releases a blocked sender in the same tick while the connect hangs', async () => {
    await using simulated = simulatedPool({ ...stuck, uploadBuffer: 1 });
    const { pool, messageAt, replyTo } = simulated;
    const handle = pool.post('http://127.0.0.1:1/', { replyTo, streamBody: true });
    const blocked = [pool.sendBody(handle, 'first'), pool.sendBody(handle, 'second')];
    const message = await messageAt(10_000);
    expect(await Promise.all(blocked)).toEqual([false, false]);
    expect(message).toMatchObject({
      upload: { complete: false, bytesSent: 0, endedBy: 'failure' },
    });
  });
});
