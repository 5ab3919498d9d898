/**
 * The soak on the real network: as many exchanges at a time as fit, against a server in a child
 * process that is as rude as the seed says, while workers are killed.
 *
 * At the end every handle had one terminal message, the gauges are zero, and no socket, timer,
 * descriptor or memory is left; the process then exits by itself.
 */

import { AssertionError } from 'node:assert';
import { createPool, type Pool, type PoolOptions } from '../../src/index.ts';
import { gaugesOf, IDLE } from '../../test/helpers/ends.ts';
import { trustTestCa } from '../../test/helpers/tls.ts';
import { Random } from '../../test/property/simulation/random.ts';
import { Leftovers } from './leftovers.ts';
import { RealExchange } from './real-exchange.ts';
import { type RudeServer, startRudeServer } from './rude-process.ts';
import { drawRealPlan, type Report } from './storm.ts';

export interface RealSoak {
  readonly seed: number;
  readonly durationMs: number;
}

/** Exchanges at a time. */
const CROWD = 100;
const KILL_MS = 700;
const PROGRESS_MS = 5_000;
/** However many are killed, it is not one too many, and the next restart is as quick as the first. */
const RESTARTS = { maxRestarts: 1_000_000, restartWindow: 300 };

/** All timeouts far below what counts as hanging. */
const POOL: PoolOptions = {
  workers: 2,
  maxInFlight: 40,
  ...RESTARTS,
  connectTimeout: 5_000,
  headersTimeout: 1_000,
  idleTimeout: 2_000,
  timeout: 10_000,
};

export async function soakReal({ seed, durationMs }: RealSoak): Promise<void> {
  using _trust = trustTestCa();
  const leftovers = new Leftovers();
  await using server = await startRudeServer();
  // The first pool warms up what stays for the life of the process.
  for (const ms of [Math.min(durationMs / 4, 5_000), durationMs]) {
    const pool = createPool(POOL);
    const run = new Run(pool, server, new Random(seed));
    await run.until(performance.now() + ms);
    await pool.close({ timeout: 20_000 });
    checkIdle(pool);
    run.show();
    await leftovers.note();
  }
  console.log(leftovers.check());
}

function checkIdle(pool: Pool): void {
  const gauges = gaugesOf(pool);
  if (JSON.stringify(gauges) === JSON.stringify(IDLE)) return;
  throw new AssertionError({ message: `S2 gauges not zero: ${JSON.stringify(gauges)}` });
}

class Run {
  readonly #pool: Pool;
  readonly #server: RudeServer;
  readonly #random: Random;
  readonly #outcomes: Record<string, number> = {};
  readonly #running = new Set<Promise<void>>();
  readonly #startMs = performance.now();
  #kills = 0;
  #exchanges = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(pool: Pool, server: RudeServer, random: Random) {
    this.#pool = pool;
    this.#server = server;
    this.#random = random;
  }

  async until(untilMs: number): Promise<void> {
    const kills = setInterval(() => this.#kill(), KILL_MS);
    const shows = setInterval(() => this.show(), PROGRESS_MS);
    try {
      while (performance.now() < untilMs && this.#failure === undefined) {
        this.#launch();
        if (this.#running.size >= CROWD) await Promise.race(this.#running);
      }
      await Promise.all(this.#running);
    } finally {
      clearInterval(kills);
      clearInterval(shows);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  show(): void {
    const seconds = (performance.now() - this.#startMs) / 1_000;
    const ends = Object.entries(this.#outcomes).sort(([, a], [, b]) => b - a);
    console.log(
      `${seconds.toFixed(0)} s: ${this.#exchanges} exchanges ` +
        `(${(this.#exchanges / seconds).toFixed(0)}/s), ${this.#kills} workers killed; ` +
        ends.map(([outcome, count]) => `${outcome} ${count}`).join(', '),
    );
  }

  #launch(): void {
    const plan = drawRealPlan(this.#server.nextId(), this.#random);
    const exchange = new RealExchange(this.#pool, plan, this.#server.ports);
    const run = exchange.run().then(
      (outcome) => {
        this.#exchanges += 1;
        this.#outcomes[outcome] = (this.#outcomes[outcome] ?? 0) + 1;
        const compare = exchange.comparison();
        this.#server.expect(plan.id, (report) => this.#compare(compare, report));
      },
      (error: unknown) => this.#fail(error),
    );
    this.#running.add(run);
    void run.then(() => this.#running.delete(run));
  }

  #compare(compare: (report: Report) => void, report: Report): void {
    try {
      compare(report);
    } catch (error) {
      this.#fail(error);
    }
  }

  #kill(): void {
    const { id } = this.#random.pick(this.#pool.stats().workers);
    this.#kills += 1;
    this.#pool.killWorker(id);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }
}
