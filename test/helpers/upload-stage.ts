/**
 * A pool of one worker and a peer for its uploads. At the end the pool is destroyed, not closed: a
 * test that fails must not wait for its upload to end.
 */

import type { Settings } from 'node:http2';
import type { PoolOptions } from '../../src/index.ts';
import { RequestPool } from '../../src/pool/request-pool.ts';
import { ManualClock } from './manual-clock.ts';
import { type Protocol, type UploadPeer, uploadPeer } from './upload-peer.ts';

export interface UploadStage extends AsyncDisposable {
  readonly peer: UploadPeer;
  readonly origin: string;
  readonly pool: RequestPool;
  /** Time stands still unless a test moves it. */
  readonly clock: ManualClock;
}

export async function uploadStage(
  protocol: Protocol,
  { settings, ...options }: PoolOptions & { readonly settings?: Settings } = {},
): Promise<UploadStage> {
  const peer = await uploadPeer(protocol, settings);
  const clock = new ManualClock();
  const pool = new RequestPool({ workers: 1, ...options }, { clock });
  return {
    peer,
    origin: peer.origin,
    pool,
    clock,
    [Symbol.asyncDispose]: async () => {
      await pool.destroy();
      await peer[Symbol.asyncDispose]();
    },
  };
}
