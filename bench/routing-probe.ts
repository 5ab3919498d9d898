/**
 * A child process that sends requests to many origins through one pool with one way of selecting
 * workers, and reports how long those took that nothing slowed down on purpose.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { createPool, type PoolOptions } from '../src/index.ts';
import { KIB } from './payload.ts';
import type { Latencies, RoutingOrder } from './routing.ts';

const WORKERS = 4;
const LATE_MS = 50;
/** Requests whose latency is not counted: the code is cold, and connections are being made. */
const WARMUPS = 500;

const order: RoutingOrder = JSON.parse(process.argv[2] ?? '{}');
const { ports, scenario, requests, inFlight } = order;
const late = scenario === 'slow origin' ? LATE_MS : 0;
const options: PoolOptions = { workers: WORKERS, select: order.select };
const pool = createPool(scenario === 'slow worker' ? { ...options, dispatcher } : options);
const latencies: number[] = [];
let seed = 1;
let left = requests;

await Promise.all(Array.from({ length: inFlight }, lane));
await pool.close();
latencies.sort((a, b) => a - b);
const at = (share: number): number =>
  latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
const result: Latencies = { p50: at(0.5), p99: at(0.99) };
process.send?.(result, () => process.exit());

async function lane(): Promise<void> {
  while (left-- > 0) {
    const index = Math.floor(random() * ports.length);
    const startedMs = performance.now();
    const response = await pool.await(pool.get(`http://127.0.0.1:${ports[index]}/?late=${late}`));
    if (response.body.length !== KIB) throw new Error(`${response.body.length} of ${KIB} bytes`);
    const isCounted = (index > 0 || late === 0) && left < requests - WARMUPS;
    if (isCounted) latencies.push(performance.now() - startedMs);
    // undici uses a connection again a turn after its response.
    await sleep(0);
  }
}

/** Worker 1 takes its time with every request. */
function dispatcher({ id }: { readonly id: number }) {
  const agent = new Agent();
  if (id !== 1) return agent;
  return agent.compose((dispatch) => (request, handler) => {
    setTimeout(dispatch, LATE_MS, request, handler);
    return true;
  });
}

/** The same origins in each run. */
function random(): number {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
