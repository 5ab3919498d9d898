/**
 * `minThroughput` of an upload: a peer that takes it in a trickle is told from a caller that gives
 * little.
 */

import { describe, expect, test } from 'vitest';
import type { AsyncHandle, Pool, RequestOptions } from '../../../src/index.ts';
import { heard } from '../../helpers/heard.ts';
import { PROTOCOLS, type UploadRequest } from '../../helpers/upload-peer.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

const MIB = 1024 * 1024;
const SLOW = { minThroughput: { bytes: 4 * MIB, interval: 1_000 } } as const;
const UPLOAD: RequestOptions = { method: 'POST', streamBody: true, stream: true };

/** Sends as fast as it is taken, until it is taken no more. */
async function sendAll(pool: Pool, handle: AsyncHandle): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024);
  while (await pool.sendBody(handle, chunk));
}

/** The peer receives so many bytes, and the pool knows it. */
async function receive(request: UploadRequest, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; ) left -= (await request.next())?.length ?? left;
  await heard();
}

describe.each(PROTOCOLS)('an upload over %s', (protocol) => {
  test('T4 ends in ERR_IDLE_TIMEOUT when its peer comes to take too little', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer, clock } = stage;
    const idleTimeout = Number.POSITIVE_INFINITY;
    const handle = pool.request({ url: peer.origin, ...UPLOAD, ...SLOW, idleTimeout });
    const all = sendAll(pool, handle);
    const request = await peer.request();
    request.stall();
    for (let quarter = 0; quarter < 6; quarter += 1) {
      await request.take(3 * MIB);
      await heard();
      clock.advance(250);
      expect(pool.stats().inFlight).toBe(1);
    }
    // What buffers have room for by now may do for some intervals.
    for (let second = 0; second < 5 && pool.stats().inFlight === 1; second += 1) {
      await request.take(MIB / 2);
      await heard();
      clock.advance(1_008);
    }
    expect(await pool.receive(handle, { timeout: 0 })).toMatchObject({
      error: { code: 'ERR_IDLE_TIMEOUT', phase: 'upload' },
      upload: { complete: false, endedBy: 'failure' },
    });
    await all;
    expect(await request.closed()).toEqual({ aborted: true });
  });

  test('T4 is off by default: a peer may take a trickle of an upload', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer, clock } = stage;
    const handle = pool.request({ url: peer.origin, ...UPLOAD });
    const all = sendAll(pool, handle);
    const request = await peer.request();
    request.stall();
    for (let round = 0; round < 4; round += 1) {
      await heard();
      clock.advance(15_000);
      await request.take(2 * MIB);
    }
    expect(pool.stats().inFlight).toBe(1);
    pool.cancel(handle);
    await all;
  });

  test('T4 does not blame the peer for a caller that gives little', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer, clock } = stage;
    const handle = pool.request({ url: peer.origin, ...UPLOAD, ...SLOW });
    const chunk = Buffer.alloc(200 * 1024);
    void pool.sendBody(handle, chunk);
    const request = await peer.request();
    for (let second = 0; second < 10; second += 1) {
      await receive(request, chunk.byteLength);
      clock.advance(990);
      // It waits when the interval ends: nothing of it can have left by then.
      void pool.sendBody(handle, chunk);
      clock.advance(10);
    }
    await receive(request, chunk.byteLength);
    expect(await pool.finishBody(handle)).toBe(true);
    clock.advance(20_000);
    request.respond(200);
    request.end();
    expect(await pool.await(handle)).toMatchObject({ status: 200 });
  });

  test('T4 does not blame the peer for a source that gives little', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer, clock } = stage;
    const chunk = Buffer.alloc(200 * 1024);
    let next = Promise.withResolvers<void>();
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let second = 0; second < 10; second += 1) {
        yield chunk;
        await next.promise;
        next = Promise.withResolvers();
      }
    }
    const handle = pool.post(peer.origin, { body: source(), ...SLOW, timeout: 60_000 });
    const request = await peer.request();
    for (let second = 0; second < 10; second += 1) {
      await receive(request, chunk.byteLength);
      clock.advance(1_000);
      next.resolve();
    }
    expect(await request.next()).toBeUndefined();
    request.respond(200);
    request.end();
    expect(await pool.await(handle)).toMatchObject({ status: 200 });
  });
});
