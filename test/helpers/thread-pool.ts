/**
 * Pools whose workers run in threads that trust the test CA and can be made to die by a response
 * (see fixtures/mortal-thread).
 */

import type { PoolOptions } from '../../src/index.ts';
import { RequestPool } from '../../src/pool/request-pool.ts';
import type { Seams } from '../../src/pool/supervised-workers.ts';

/** The seam for threads that do what tests want. */
export const MORTAL: Partial<Seams> = {
  threadModule: new URL('../fixtures/mortal-thread.ts', import.meta.url),
};

/** A pool of one threaded worker, on the real clock unless told otherwise. */
export function threadPool(options: PoolOptions = {}, seams: Partial<Seams> = {}): RequestPool {
  return new RequestPool({ workers: 1, isolation: 'thread', ...options }, { ...MORTAL, ...seams });
}

export const ISOLATIONS = ['inline', 'thread'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

/** A pool of one worker of either kind. */
export function isolatedPool(isolation: Isolation, options: PoolOptions = {}): RequestPool {
  return isolation === 'thread' ? threadPool(options) : new RequestPool({ workers: 1, ...options });
}
