/**
 * A process of its own that cuts uploads over HTTP/2 in random states, many at a time and all on one
 * session: `node abort-storm.ts <origin> <uploads> <seed>`. A spin inside nghttp2 cannot be seen by
 * the process that spins, so whoever starts this one watches it.
 *
 * Each request says in `x-id` which it is; at the end the process sends its parent an `AbortStorm`.
 */

import { createPool } from '../../src/index.ts';
import { trustTestCa } from './tls.ts';

/** What the terminal messages said. */
export interface AbortStorm {
  /** Bytes of every body that its caller had finished before it was cut, by `x-id`. */
  readonly finished: Readonly<Record<string, number>>;
  /** `x-id` of every request whose body was handed over whole, as its terminal message has it. */
  readonly complete: readonly string[];
  /** How many ended in an error, by code. */
  readonly codes: Readonly<Record<string, number>>;
}

const AT_ONCE = 40;
const SIZES = [0, 1, 1_000, 20_000, 100_000];
const BUFFERS = [1, 10_000, 262_144];

const [origin = '', uploads = '0', seed = '1'] = process.argv.slice(2);

let state = Number(seed);

/** A linear congruential generator is random enough to reach every state. */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

function chance(share: number): boolean {
  return random() < share;
}

function pick<T>(from: readonly T[]): T {
  // The cast holds: the index is below the length.
  return from[Math.floor(random() * from.length)] as T;
}

function turns(count: number): Promise<void> {
  if (count === 0) return Promise.resolve();
  return new Promise<void>((resolve) => void setImmediate(resolve)).then(() => turns(count - 1));
}

const pool = createPool({ workers: 1, maxInFlight: AT_ONCE });
const finished: Record<string, number> = {};
const complete: string[] = [];
const codes: Record<string, number> = {};

async function storm(id: string): Promise<void> {
  const headers = { 'x-id': id };
  const signal = new AbortController();
  const cut = (): void => signal.abort();
  const common = { headers, signal: signal.signal, stream: true } as const;
  const received = Promise.withResolvers<void>();
  const cutsItself = chance(0.3);
  const isStreamed = chance(0.8);
  const body = Buffer.alloc(isStreamed ? 0 : pick(SIZES));
  if (!isStreamed) finished[id] = body.byteLength;
  const handle = isStreamed
    ? pool.post(origin, {
        ...common,
        streamBody: true,
        uploadBuffer: pick(BUFFERS),
        // Cuts from within a callback of nghttp2.
        replyTo: (message) => {
          if (message.type === 'status' || message.type === 'data') {
            if (cutsItself) cut();
          } else {
            if (message.upload?.complete === true) complete.push(id);
            if (message.type === 'error') {
              codes[message.error.code] = (codes[message.error.code] ?? 0) + 1;
            }
            received.resolve();
          }
        },
      })
    : pool.post(origin, {
        ...common,
        body,
        replyTo: (message) => {
          if (message.type !== 'done' && message.type !== 'error') return;
          if (message.upload?.complete === true) complete.push(id);
          received.resolve();
        },
      });
  await turns(Math.floor(random() * 6));
  let bytes = 0;
  for (let count = Math.floor(random() * 5); count > 0; count -= 1) {
    const chunk = Buffer.alloc(pick(SIZES));
    bytes += chunk.byteLength;
    void pool.sendBody(handle, chunk);
    if (chance(0.5)) await turns(1);
  }
  if (chance(0.3)) {
    void pool.finishBody(handle);
    if (isStreamed) finished[id] = bytes;
  }
  if (chance(0.6)) await turns(Math.floor(random() * 4));
  cut();
  await received.promise;
}

using _trust = trustTestCa();
await pool.await(pool.get(origin, { headers: { 'x-id': 'first' } }));
const running = new Set<Promise<void>>();
for (let count = 0; count < Number(uploads); count += 1) {
  const upload = storm(String(count)).finally(() => running.delete(upload));
  running.add(upload);
  if (running.size >= AT_ONCE) await Promise.race(running);
}
await Promise.all(running);
// Still alive after all that the peer has to say to resets and windows.
await pool.await(pool.get(origin, { headers: { 'x-id': 'last' } }));
await pool.destroy();
const report: AbortStorm = { finished, complete, codes };
process.send?.(report);
process.disconnect();
