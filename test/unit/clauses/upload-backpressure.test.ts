/**
 * An upload whose peer does not read: what it holds in memory, and who releases its senders (U2,
 * U3). Every way in which it can end must leave no sender behind, and the peer with the truth.
 */

import { describe, expect, test } from 'vitest';
import type { AsyncHandle, ErrorCode } from '../../../src/index.ts';
import { heard } from '../../helpers/heard.ts';
import { settled } from '../../helpers/leaks.ts';
import { PROTOCOLS, type Protocol, type UploadRequest } from '../../helpers/upload-peer.ts';
import { type UploadStage, uploadStage } from '../../helpers/upload-stage.ts';

const CHUNK = 64 * 1024;
const DEFAULT_BUFFER = 256 * 1024;
/** The most that the transport is handed at a time, and may not have read yet; it counts as sent. */
const MOST_IN_A_PIECE = 256 * 1024;
/** More than what the system takes for a connection that nobody reads. */
const TOO_MUCH = 64 * 1024 * 1024;

interface Stalled extends UploadStage {
  readonly handle: AsyncHandle;
  readonly caller: AbortController;
  readonly signal: AbortController;
  readonly request: UploadRequest;
  /** A sender whose chunk is taken and who waits for room, and one who still has its chunk. */
  readonly blocked: readonly Promise<boolean>[];
}

/** An upload that the peer has begun to read, and then no more. */
async function stalledUpload(protocol: Protocol): Promise<Stalled> {
  const stage = await uploadStage(protocol);
  const { pool, peer } = stage;
  const [caller, signal] = [new AbortController(), new AbortController()];
  const handle = pool.post(peer.origin, {
    streamBody: true,
    caller: caller.signal,
    onCallerDeath: 'cancel',
    signal: signal.signal,
  });
  void pool.sendBody(handle, 'first');
  const request = await peer.request();
  request.stall();
  const blocked = [Buffer.alloc(TOO_MUCH), 'last'].map((chunk) => pool.sendBody(handle, chunk));
  await heard();
  return { ...stage, handle, caller, signal, request, blocked };
}

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test.each([
    ['of the default size', DEFAULT_BUFFER, {}],
    ['of 1 MiB', 1024 * 1024, { uploadBuffer: 1024 * 1024 }],
  ])('U2 takes the buffer %s and one chunk from a peer that stalls', async (_, buffer, options) => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true, ...options });
    void pool.sendBody(handle, Buffer.alloc(CHUNK));
    (await peer.request()).stall();
    let acceptedBytes = CHUNK;
    const senders = Array.from({ length: TOO_MUCH / CHUNK }, async () => {
      if (await pool.sendBody(handle, Buffer.alloc(CHUNK))) acceptedBytes += CHUNK;
    });
    await settled(50);
    expect(acceptedBytes).toBeLessThan(TOO_MUCH);
    const heldBytes = acceptedBytes - (pool.stats().workers[0]?.bytesSent ?? 0);
    expect(heldBytes).toBeLessThanOrEqual(buffer + CHUNK);
    // One chunk less: its sender waits for room.
    expect(heldBytes).toBeGreaterThanOrEqual(buffer - MOST_IN_A_PIECE - CHUNK);
    pool.cancel(handle);
    await Promise.all(senders);
    await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
  });

  const endings: readonly [string, ErrorCode, (upload: Stalled) => void][] = [
    ['the peer resets', 'ERR_SOCKET', ({ request }) => request.reset()],
    ['the worker dies', 'ERR_WORKER_DIED', ({ pool }) => pool.killWorker(1)],
    ['the exchange is cancelled', 'ERR_CANCELLED', ({ pool, handle }) => pool.cancel(handle)],
    ['its signal aborts', 'ERR_CANCELLED', ({ signal }) => signal.abort()],
    ['its caller dies', 'ERR_CALLER_DIED', ({ caller }) => caller.abort()],
    ['nothing moves for too long', 'ERR_IDLE_TIMEOUT', ({ clock }) => clock.advance(30_001)],
    ['the pool is destroyed', 'ERR_POOL_DESTROYED', ({ pool }) => void pool.destroy()],
  ];

  test.each(endings)('U3 releases blocked senders when %s', async (_what, code, end) => {
    await using upload = await stalledUpload(protocol);
    const { pool, handle, blocked, request } = upload;
    const finished = pool.finishBody(handle);
    end(upload);
    expect(await Promise.all(blocked)).toEqual([false, false]);
    expect(await finished).toBe(false);
    expect(await pool.sendBody(handle, 'late')).toBe(false);
    const endedBy = code === 'ERR_CALLER_DIED' ? 'caller_death' : 'failure';
    expect(await pool.receive(handle)).toMatchObject({
      type: 'error',
      error: { code, sent: true },
      upload: { complete: false, endedBy },
    });
    expect(pool.stats()).toMatchObject({ inFlight: 0, openUploads: 0, queued: 0 });
    expect(await request.closed()).toEqual({ aborted: true });
    expect((await request.rest()).complete).toBe(false);
  });
});
