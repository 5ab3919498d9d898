/**
 * A child process that lets many exchanges wait in the admission queue of one pool. Either they run
 * to their end against the server, and the CPU time of a request is reported; or nothing ever runs,
 * and the heap of one that waits is reported, and what it takes to cancel them all.
 */

import { Dispatcher } from 'undici';
import { type AsyncHandle, createPool } from '../src/index.ts';
import { expectOk } from './payload.ts';
import type { Drained, Kept, QueueOrder } from './queue.ts';

const WARMUPS = 3_000;
/** A small queue is drained again and again, until so many requests were measured. */
const LEAST_REQUESTS = 20_000;

const { origin, waiting, mode }: QueueOrder = JSON.parse(process.argv[2] ?? '{}');
const report = mode === 'drain' ? await drain() : await keep();
process.send?.(report, () => process.exit());

async function drain(): Promise<Drained> {
  const pool = createPool({ maxInFlight: 32 });
  const batch = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const { status } = await pool.await(pool.get(`${origin}/small`));
        expectOk(status);
      }),
    );
  await batch(WARMUPS);
  const batches = Math.ceil(LEAST_REQUESTS / waiting);
  const before = process.cpuUsage();
  for (let done = 0; done < batches; done += 1) await batch(waiting);
  const { user, system } = process.cpuUsage(before);
  await pool.close();
  return { cpuUs: (user + system) / (batches * waiting) };
}

async function keep(): Promise<Kept> {
  const pool = createPool({ workers: 1, maxInFlight: 1, dispatcher: () => new Silent() });
  // One runs for ever; and the code is compiled before anything is measured.
  pool.get(`${origin}/small`);
  for (let done = 0; done < 10; done += 1) {
    const handles = Array.from({ length: 500 }, () => pool.get(`${origin}/small`));
    await cancelAll(handles);
  }
  const before = liveBytes();
  const handles = Array.from({ length: waiting }, () => pool.get(`${origin}/small`));
  const heapBytes = (liveBytes() - before) / waiting;
  const stalls = watchLoop();
  const cancelMs = await cancelAll(handles);
  const stallMs = await stalls();
  await pool.destroy();
  return { heapBytes, cancelMs, stallMs };

  /** Until each has told whoever awaits it. */
  async function cancelAll(all: readonly AsyncHandle[]): Promise<number> {
    const ends = Promise.allSettled(all.map((handle) => pool.await(handle)));
    const startMs = performance.now();
    for (const handle of all) pool.cancel(handle);
    await ends;
    return performance.now() - startMs;
  }
}

function liveBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Notes the longest turn of the event loop until it is asked for it. */
function watchLoop(): () => Promise<number> {
  let lastMs = performance.now();
  let longestMs = 0;
  let watching = true;
  const look = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  return async () => {
    await new Promise((resolve) => setImmediate(resolve));
    watching = false;
    look();
    return longestMs;
  };
}

/** Takes every request and never answers. */
class Silent extends Dispatcher {
  override dispatch(): boolean {
    return true;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {}
}
