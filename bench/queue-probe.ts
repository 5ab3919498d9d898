/**
 * A child process that lets many exchanges wait in the admission queue of one pool. Either they run
 * to their end against the server, and the CPU time of a request is reported; or nothing ever runs,
 * and the heap of one that waits is reported, and what it takes to cancel them all.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { Dispatcher } from 'undici';
import { type AsyncHandle, createPool, type Pool } from '../src/index.ts';
import { expectOk } from './payload.ts';
import type { Drained, Kept, QueueOrder } from './queue.ts';

const WARMUPS = 3_000;
/** A small queue is drained again and again, until so many requests were measured. */
const LEAST_REQUESTS = 20_000;

/** Takes every request and never answers. */
class Silent extends Dispatcher {
  override dispatch(): boolean {
    return true;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {}
}

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
  const request = (count: number): readonly AsyncHandle[] =>
    Array.from({ length: count }, () => pool.get(`${origin}/small`));
  // One runs for ever; and the code is compiled before anything is measured.
  const [running] = request(1);
  for (let done = 0; done < 10; done += 1) await cancelAll(pool, request(500));
  const before = liveBytes();
  const handles = request(waiting);
  const heapBytes = (liveBytes() - before) / waiting;
  const cancelled = await cancelAll(pool, handles);
  if (running !== undefined) pool.cancel(running);
  await pool.close();
  return { heapBytes, ...cancelled };
}

/** Cancels them in one turn, until whoever awaits has been told. */
async function cancelAll(
  pool: Pool,
  handles: readonly AsyncHandle[],
): Promise<Omit<Kept, 'heapBytes'>> {
  const ends = Promise.allSettled(handles.map((handle) => pool.await(handle)));
  liveBytes();
  await turn();
  const stall = watchLoop();
  const before = process.threadCpuUsage();
  for (const handle of handles) pool.cancel(handle);
  await ends;
  const { user, system } = process.threadCpuUsage(before);
  const cancelMs = (user + system) / 1000;
  return { cancelMs, stallMs: await stall() };
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
  const look = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  };
  const looking = setInterval(look);
  return async () => {
    await turn();
    clearInterval(looking);
    look();
    return longestMs;
  };
}
