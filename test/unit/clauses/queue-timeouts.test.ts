/** The two clocks of a handle's life: `queueTimeout` while it waits, then `timeout`. */

import { describe, expect, test } from 'vitest';
import { ABANDONED, eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { heard } from '../../helpers/heard.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';

const LONG = { stream: true, headersTimeout: 1e9, idleTimeout: 1e9 } as const;

describe.each(VERSIONS)('two clocks over HTTP/%s', (version) => {
  test('H6 ends in ERR_ADMISSION_TIMEOUT after queueTimeout, unsent and unseen', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ maxInFlight: 1 });
    const { clock, pool, replyTo, messageAt } = simulated;
    const first = pool.get(peer.origin, LONG);
    await peer.exchange();
    const upload = { replyTo, streamBody: true, queueTimeout: 3_000, timeout: 100 };
    const waiting = pool.post(peer.origin, upload);
    const blocked = pool.sendBody(waiting, new Uint8Array(1024 * 1024));
    expect(pool.stats()).toMatchObject({ queued: 1, inFlight: 1, openUploads: 1 });
    expect(await messageAt(3_000)).toMatchObject({
      type: 'error',
      error: { code: 'ERR_ADMISSION_TIMEOUT', phase: 'queue', sent: false, retryable: true },
      metrics: { attempts: 0, worker: undefined },
      upload: { complete: false, bytesSent: 0, endedBy: 'failure' },
    });
    expect(await blocked).toBe(false);
    expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 1, openUploads: 0 });
    expect(peer.connections).toBe(1);
    clock.advance(1_000_000);
    expect(pool.stats().inFlight, 'no queueTimeout for the admitted').toBe(1);
    pool.cancel(first);
  });

  test('H7 starts timeout at admission, after whatever time in the queue', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ maxInFlight: 1 });
    const { clock, pool, replyTo, messageAt } = simulated;
    const first = pool.get(peer.origin, LONG);
    await peer.exchange();
    await heard();
    pool.get(peer.origin, { replyTo, ...LONG, queueTimeout: 1_000, timeout: 400 });
    clock.advance(990);
    pool.cancel(first);
    const exchange = await peer.exchange();
    expect(await messageAt(400)).toMatchObject({
      error: { code: 'ERR_TIMEOUT', phase: 'headers', sent: true },
      metrics: { queued: 990, attempts: 1, worker: 1 },
    });
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
  });

  test('H7 lets a timeout in the queue pass no slot on to what has ended', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ maxInFlight: 1 });
    const { pool, replyTo, messageAt, inbox } = simulated;
    pool.get(peer.origin, { ...LONG, replyTo, timeout: 500 });
    await peer.exchange();
    pool.get(peer.origin, { ...LONG, replyTo, queueTimeout: 500 });
    pool.get(peer.origin, { ...LONG, replyTo, queueTimeout: 600 });
    const codes: string[] = [];
    const note = (message: Awaited<ReturnType<typeof inbox.next>>): void => {
      codes.push(message.type === 'error' ? message.error.code : message.type);
    };
    note(await messageAt(500));
    note(await inbox.next());
    expect(codes.sort()).toEqual(['ERR_ADMISSION_TIMEOUT', 'ERR_TIMEOUT']);
    const exchange = await peer.exchange();
    expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 1 });
    await exchange.respond(204);
    await exchange.end();
    expect(await inbox.next()).toMatchObject({ type: 'status' });
    expect(await inbox.next()).toMatchObject({ type: 'done' });
  });
});
