/** `minThroughput`: what idle time alone would never end. */

import { describe, expect, test } from 'vitest';
import { ABANDONED, eitherPeer, type PeerExchange, VERSIONS } from '../../helpers/either-peer.ts';
import { type SimulatedPool, simulatedPool } from '../../helpers/simulated-pool.ts';

const SLOW = { minThroughput: { bytes: 100, interval: 1_000 } } as const;

/** The peer sends `bytes` each second; the pool has received them when it returns. */
async function trickle(
  { pool, inbox, clock }: SimulatedPool,
  exchange: PeerExchange,
  bytes: readonly number[],
): Promise<void> {
  for (const count of bytes) {
    const goal = (pool.stats().workers[0]?.bytesReceived ?? 0) + count;
    await exchange.write(new Uint8Array(count));
    while ((pool.stats().workers[0]?.bytesReceived ?? 0) < goal) {
      expect(await inbox.next()).toMatchObject({ type: 'data' });
    }
    while (inbox.size > 0) await inbox.next();
    clock.advance(1_000);
  }
}

describe.each(VERSIONS)('a trickling peer over HTTP/%s', (version) => {
  test('T4 ends in ERR_IDLE_TIMEOUT with minThroughput, when an interval brings too little', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { pool, inbox, replyTo, messageAt } = simulated;
    pool.get(peer.origin, { replyTo, stream: true, ...SLOW });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    expect(await inbox.next()).toMatchObject({ type: 'status' });
    await trickle(simulated, exchange, [100, 500, 120]);
    await exchange.write(new Uint8Array(99));
    expect(await inbox.next()).toMatchObject({ type: 'data' });
    while (inbox.size > 0) await inbox.next();
    const end = await messageAt(1_000);
    expect(end).toMatchObject({
      type: 'error',
      error: { code: 'ERR_IDLE_TIMEOUT', phase: 'body' },
    });
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
  });

  test('T4 is off by default: a trickle is enough', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { pool, inbox, replyTo } = simulated;
    pool.get(peer.origin, { replyTo, stream: true });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    await inbox.next();
    await trickle(simulated, exchange, Array(60).fill(1));
    await exchange.end();
    expect(await inbox.next()).toMatchObject({ type: 'done', metrics: { bytesReceived: 60 } });
  });

  test('T2 puts no other timeout off by an interval that was good', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { pool, inbox, replyTo, clock } = simulated;
    const times = { minThroughput: { bytes: 1, interval: 1_001 }, idleTimeout: 1_002 };
    pool.get(peer.origin, { replyTo, stream: true, window: 10, ...times });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    await inbox.next();
    await exchange.write(new Uint8Array(50));
    expect(await inbox.next()).toMatchObject({ type: 'data' });
    // Somebody else is on the timing wheel, whose next tick would be too late.
    pool.get(peer.origin);
    await peer.exchange();
    // Both fall due within one tick.
    clock.advance(1_008);
    expect(pool.stats().inFlight).toBe(1);
    expect(await inbox.next()).toMatchObject({ error: { code: 'ERR_IDLE_TIMEOUT' } });
  });

  test('T4 does not blame the peer while the receiver gives no credit', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool();
    const { pool, inbox, replyTo, clock, messageAt } = simulated;
    const handle = pool.get(peer.origin, { replyTo, stream: true, window: 10, ...SLOW });
    const exchange = await peer.exchange();
    await exchange.respond(200);
    await inbox.next();
    await exchange.write(new Uint8Array(50));
    expect(await inbox.next()).toMatchObject({ type: 'data' });
    clock.advance(20_000);
    expect(inbox.size).toBe(0);
    pool.updateFlow(handle, 1_000);
    expect(await inbox.next()).toMatchObject({ type: 'data' });
    expect(await messageAt(1_000)).toMatchObject({ error: { code: 'ERR_IDLE_TIMEOUT' } });
  });
});
