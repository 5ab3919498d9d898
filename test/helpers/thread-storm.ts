/**
 * A storm over a pool of threads: downloads and uploads without end, and a thread that dies every
 * few milliseconds, in every way there is. At its end nothing may be left over.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as later } from 'node:timers/promises';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AsyncHandle, Message } from '../../src/index.ts';
import type { RequestPool } from '../../src/pool/request-pool.ts';
import { threadPool } from './thread-pool.ts';

export interface StormOptions {
  /** At least; it goes on until there was an order to die in each way. */
  readonly ms: number;
  readonly workers: number;
  /** Exchanges at a time, each way. */
  readonly inFlight: number;
  /** Between two deaths. */
  readonly everyMs: number;
}

export interface StormReport {
  readonly exchanges: number;
  /** Orders to die. */
  readonly orders: number;
  /** Deaths, each followed by a fresh thread. */
  readonly restarts: number;
  /** Ends by outcome. */
  readonly ends: Readonly<Record<string, number>>;
  /** What was wrong; empty when all was as it must be. */
  readonly faults: readonly string[];
  /** What the process held before, and afterwards. */
  readonly descriptors: readonly [before: number, after: number];
  readonly threads: readonly [before: number, after: number];
  readonly heldMib: readonly [before: number, after: number];
  readonly residentMib: readonly [before: number, after: number];
}

/** One that hangs waits and does not loop: the cores are for those that start. */
const WAYS = ['throw', 'exit', 'memory', 'unclonable', 'wait', 'terminate'] as const;
const MIB = 1024 * 1024;
const PARTS = 4;
const PART = Buffer.alloc(16 * 1024, 'storm');
const BYTES = PARTS * PART.byteLength;
/**
 * How long the server rests within an exchange: one in four is quick, the others last, so that they
 * are in flight without taking the processor time that fresh threads need.
 */
const [QUICK_MS, SLOW_MS] = [1, 200];
/** Before all that waits. */
const FIRST = 1_000_000;
const SMALL_HEAP = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 };

/** Lets the storm rage, and looks at what it has left. */
export async function threadStorm(options: StormOptions): Promise<StormReport> {
  const server = fork(new URL('../fixtures/storm-server.ts', import.meta.url), { execArgv: [] });
  const [port] = (await once(server, 'message')) as [number];
  const origin = `http://127.0.0.1:${port}`;
  await new Storm(origin, { ...options, ms: 1_000 }).rage();
  const before = await held();
  const storm = new Storm(origin, options);
  await storm.rage();
  const after = await held();
  server.disconnect();
  return {
    ...storm.report(),
    descriptors: [before.descriptors, after.descriptors],
    threads: [before.threads, after.threads],
    heldMib: [before.heldMib, after.heldMib],
    residentMib: [before.residentMib, after.residentMib],
  };
}

class Storm {
  readonly #origin: string;
  readonly #options: StormOptions;
  readonly #pool: RequestPool;
  readonly #ends: Record<string, number> = {};
  readonly #faults: string[] = [];
  #exchanges = 0;
  #orders = 0;
  #over = false;

  constructor(origin: string, options: StormOptions) {
    this.#origin = origin;
    this.#options = options;
    this.#pool = threadPool({
      workers: options.workers,
      maxInFlight: options.inFlight,
      maxRestarts: Number.POSITIVE_INFINITY,
      restartWindow: 1,
      wedgeTimeout: 500,
      thread: { resourceLimits: SMALL_HEAP },
    });
  }

  async rage(): Promise<void> {
    const { inFlight, ms, everyMs } = this.#options;
    const lanes = [this.#download, this.#upload].flatMap((exchange) =>
      Array.from({ length: inFlight }, () => this.#lane(exchange)),
    );
    const killer = this.#kill();
    await later(ms);
    while (this.#orders < WAYS.length) await later(everyMs);
    this.#over = true;
    await Promise.all([...lanes, killer]);
    const { queued, inFlight: left, openUploads } = this.#pool.stats();
    if (queued + left + openUploads > 0)
      this.#faults.push(`left: ${queued} ${left} ${openUploads}`);
    await this.#pool.close({ timeout: 5_000 });
  }

  report(): Pick<StormReport, 'exchanges' | 'orders' | 'restarts' | 'ends' | 'faults'> {
    const restarts = this.#pool.stats().workers.reduce((sum, each) => sum + each.restarts, 0);
    const [exchanges, orders] = [this.#exchanges, this.#orders];
    return { exchanges, orders, restarts, ends: this.#ends, faults: this.#faults };
  }

  async #lane(exchange: () => Promise<void>): Promise<void> {
    while (!this.#over) await exchange.call(this);
  }

  /** Exactly one terminal message, the last; what is done has all its bytes. */
  #expectOneEnd(expectedBytes: number): { receive(message: Message): void; end: Promise<void> } {
    const ended = Promise.withResolvers<void>();
    let ends = 0;
    let bytes = 0;
    this.#exchanges += 1;
    const receive = (message: Message): void => {
      if (ends > 0) this.#faults.push(`${message.type} after the end`);
      if (message.type === 'data') bytes += message.chunk.byteLength;
      if (message.type !== 'done' && message.type !== 'error') return;
      ends += 1;
      const outcome = message.type === 'done' ? 'done' : message.error.code;
      this.#ends[outcome] = (this.#ends[outcome] ?? 0) + 1;
      if (outcome === 'done' && bytes !== expectedBytes)
        this.#faults.push(`done with ${bytes} bytes`);
      ended.resolve();
    };
    return { receive, end: ended.promise };
  }

  async #download(): Promise<void> {
    const { receive, end } = this.#expectOneEnd(BYTES);
    const url = `${this.#origin}/?bytes=${BYTES}&pause=${this.#pauseMs()}`;
    this.#pool.get(url, { stream: true, replyTo: receive, connectTimeout: 60_000 });
    await end;
  }

  async #upload(): Promise<void> {
    const { receive, end } = this.#expectOneEnd(String(BYTES).length);
    const url = `${this.#origin}/?pause=${PARTS * this.#pauseMs()}`;
    const handle: AsyncHandle = this.#pool.post(url, {
      streamBody: true,
      stream: true,
      replyTo: receive,
      connectTimeout: 60_000,
    });
    for (let part = 0; part < PARTS; part += 1) {
      if (!(await this.#pool.sendBody(handle, PART))) break;
    }
    await this.#pool.finishBody(handle);
    await end;
  }

  #pauseMs(): number {
    return this.#exchanges % 4 === 0 ? QUICK_MS : SLOW_MS;
  }

  /** One order to die after the other; none while as many are underway as there are threads. */
  async #kill(): Promise<void> {
    const { everyMs, workers } = this.#options;
    const orders = new Set<Promise<unknown>>();
    const startMs = performance.now();
    for (let at = 0; !this.#over; at += 1) {
      if (orders.size < workers) {
        const order = this.#order(at);
        orders.add(order);
        void order.then(() => orders.delete(order));
      }
      await later(Math.max(0, startMs + (at + 1) * everyMs - performance.now()));
    }
    await Promise.all(orders);
  }

  async #order(at: number): Promise<void> {
    const way = WAYS[at % WAYS.length];
    this.#orders += 1;
    if (way === 'terminate') {
      const living = this.#pool.stats().workers.filter(({ state }) => state === 'up');
      const next = living[at % living.length];
      if (next !== undefined) this.#pool.killWorker(next.id);
      return;
    }
    const url = `${this.#origin}/?die=${way}`;
    await this.#pool.await(this.#pool.get(url, { priority: FIRST })).catch(() => {});
  }
}

/** What a first collection finds to be dead, the second one frees. */
async function held() {
  v8.setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  await later(500);
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    /** Alive after a collection: the heap, and what it holds outside. */
    heldMib: Math.round((heapUsed + external) / MIB),
    residentMib: Math.round(rss / MIB),
  };
}
