/** Each timeout with its own code, on the pool's clock, over HTTP/1.1 and HTTP/2 alike. */

import { describe, expect, test } from 'vitest';
import type { RequestOptions } from '../../../src/index.ts';
import { ABANDONED, eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { codeOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { heard } from '../../helpers/heard.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';

const failed = (code: string, phase: string) => ({ type: 'error', error: { code, phase } });

describe.each(VERSIONS)('timeouts over HTTP/%s', (version) => {
  test('T2 ends in ERR_HEADERS_TIMEOUT when the headers do not come', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { pool, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, stream: true });
    const exchange = await peer.exchange();
    expect(await messageAt(30_000)).toMatchObject(failed('ERR_HEADERS_TIMEOUT', 'headers'));
    expect(gaugesOf(pool)).toEqual(IDLE);
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
  });

  test('T2 counts headersTimeout from the end of the upload', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, replyTo, messageAt } = simulated;
    const handle = pool.post(peer.origin, {
      replyTo,
      streamBody: true,
      headersTimeout: 5_000,
      idleTimeout: 60_000,
    });
    await pool.sendBody(handle, 'half');
    await peer.exchange();
    await heard();
    clock.advance(20_000);
    expect(await pool.finishBody(handle)).toBe(true);
    expect(await messageAt(5_000)).toMatchObject(failed('ERR_HEADERS_TIMEOUT', 'headers'));
  });

  test('T2 times out nobody for what came while its thread was busy', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, inbox, replyTo } = simulated;
    pool.get(peer.origin, { replyTo, stream: true, headersTimeout: 1_000 });
    const exchange = await peer.exchange();
    await heard();
    clock.advance(950);
    clock.stall(500);
    clock.advance(40);
    await exchange.respond(200);
    expect(await inbox.next()).toMatchObject({ type: 'status' });
    await exchange.end();
    expect(await inbox.next()).toMatchObject({ type: 'done' });
  });

  test('T2 gives back no more of the time in which its thread was busy than 100 ms', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, headersTimeout: 1_000 });
    const exchange = await peer.exchange();
    await heard();
    clock.advance(500);
    clock.stall(20_000);
    expect(await messageAt(100)).toMatchObject(failed('ERR_HEADERS_TIMEOUT', 'headers'));
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
  });

  test('T2 gives back nothing of what its thread missed before there was a request', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, replyTo, messageAt } = simulated;
    clock.stall(20_000);
    pool.get(peer.origin, { replyTo, timeout: 50 });
    await peer.exchange();
    expect(await messageAt(50)).toMatchObject(failed('ERR_TIMEOUT', 'headers'));
  });

  test('T2 takes the end of the upload for a byte that moved', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, replyTo, messageAt } = simulated;
    const handle = pool.post(peer.origin, { replyTo, streamBody: true });
    await pool.sendBody(handle, 'all');
    await peer.exchange();
    await heard();
    clock.advance(1_000);
    expect(await pool.finishBody(handle)).toBe(true);
    expect(await messageAt(30_000)).toMatchObject(failed('ERR_HEADERS_TIMEOUT', 'headers'));
  });

  test('T1 takes hints for bytes that move, and not for the headers of the response', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, inbox, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, stream: true, idleTimeout: 10_000 });
    const exchange = await peer.exchange();
    for (let hint = 0; hint < 3; hint += 1) {
      await heard();
      clock.advance(9_000);
      await exchange.hint();
    }
    expect(inbox.size).toBe(0);
    expect(await messageAt(3_000)).toMatchObject(failed('ERR_HEADERS_TIMEOUT', 'headers'));
  });

  test('T2 ends in ERR_IDLE_TIMEOUT when the body stops', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, inbox, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, stream: true });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    expect(await inbox.next()).toMatchObject({ type: 'status' });
    clock.advance(20_000);
    await exchange.write('some');
    expect(await inbox.next()).toMatchObject({ type: 'data' });
    expect(await messageAt(30_000)).toMatchObject(failed('ERR_IDLE_TIMEOUT', 'body'));
    expect(gaugesOf(pool)).toEqual(IDLE);
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
  });

  test('T2 goes on while the exchange is paused for credit', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { pool, inbox, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, stream: true, window: 1, idleTimeout: 700 });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    await exchange.write('more than one byte');
    expect(await inbox.next()).toMatchObject({ type: 'status' });
    expect(await inbox.next()).toMatchObject({ type: 'data' });
    expect(await messageAt(700)).toMatchObject(failed('ERR_IDLE_TIMEOUT', 'body'));
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
  });

  test('T2 ends in ERR_TIMEOUT while bytes still flow and the exchange is paused', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, inbox, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, stream: true, window: 9, timeout: 90_000 });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    await inbox.next();
    for (let round = 0; round < 4; round += 1) {
      await exchange.write('ab');
      expect(await inbox.next()).toMatchObject({ type: 'data' });
      clock.advance(20_000);
    }
    await exchange.write('abc');
    await inbox.next();
    expect(await messageAt(10_000)).toMatchObject(failed('ERR_TIMEOUT', 'body'));
    expect(gaugesOf(pool)).toEqual(IDLE);
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
  });

  const uploads: readonly (readonly [string, RequestOptions, number])[] = [
    ['ERR_IDLE_TIMEOUT', {}, 30_000],
    ['ERR_IDLE_TIMEOUT', { idleTimeout: 1_500 }, 1_500],
    ['ERR_TIMEOUT', { timeout: 1_200, idleTimeout: Number.POSITIVE_INFINITY }, 1_200],
  ];
  test.each(uploads)(
    'T2 ends in %s while it waits for sendBody (%j)',
    async (code, options, ms) => {
      await using peer = await eitherPeer(version);
      await using simulated = simulatedPool();
      const { pool, replyTo, messageAt } = simulated;
      const handle = pool.post(peer.origin, { replyTo, streamBody: true, ...options });
      expect(await pool.sendBody(handle, 'first')).toBe(true);
      const exchange = await peer.exchange();
      expect(await messageAt(ms)).toMatchObject(failed(code, 'upload'));
      expect(await pool.sendBody(handle, 'late')).toBe(false);
      expect(gaugesOf(pool)).toEqual(IDLE);
      expect(await exchange.abandoned).toBe(ABANDONED[version]);
    },
  );

  test('T2 Infinity switches a timeout off', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool } = simulated;
    const off = Number.POSITIVE_INFINITY;
    const options = { timeout: off, headersTimeout: off, idleTimeout: off };
    const end = codeOf(pool.await(pool.get(peer.origin, options)));
    const exchange = await peer.exchange();
    await heard();
    clock.advance(1_000_000_000);
    expect(clock.pending).toBe(0);
    await exchange.respond(204);
    await exchange.end();
    expect(await end).toBeUndefined();
    await pool.close();
  });

  test('T1 ends a buffered exchange after 30 s by default, and a streamed one never', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { clock, pool, inbox, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, headersTimeout: 60_000, idleTimeout: 60_000 });
    await peer.exchange();
    expect(await messageAt(30_000)).toMatchObject(failed('ERR_TIMEOUT', 'headers'));
    pool.get(peer.origin, { replyTo, stream: true });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    await inbox.next();
    for (let round = 0; round < 10; round += 1) {
      clock.advance(29_000);
      await exchange.write('x');
      expect(await inbox.next()).toMatchObject({ type: 'data' });
    }
    await exchange.end();
    expect(await inbox.next()).toMatchObject({ type: 'done' });
  });
});
