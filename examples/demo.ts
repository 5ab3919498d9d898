/**
 * `npm run demo`: a pipeline through the pool, two deaths on purpose, and the books at the end.
 *
 * Invariant: it exits 0 only if every claim it prints was checked and held. The acts live in
 * `demo/`; this file only puts them in order.
 */

import { createPool } from '../src/index.ts';
import { claimCounts, claimStats, statsLine } from './demo/accounts.ts';
import { claimOneBody, runCallerDeath } from './demo/caller-death.ts';
import { Ledger } from './demo/ledger.ts';
import { type DemoOptions, readOptions, USAGE } from './demo/options.ts';
import { type Act, runPipeline } from './demo/pipeline.ts';
import { type DemoServer, startServer } from './demo/server-process.ts';
import { runWorkerDeath } from './demo/worker-death.ts';

/** A healthy run takes a few seconds; one that hangs must say so instead of waiting for ever. */
const WATCHDOG_MS = 60_000;

let stage = 'starting';

function act(title: string): void {
  stage = title;
  console.log(`\n${title}`);
}

async function runWhole(options: DemoOptions, ledger: Ledger): Promise<void> {
  act('0  starting a server process and a pool of 2 workers');
  const server = await startServer();
  const pool = createPool({ workers: 2 });
  try {
    await runActs(options, { pool, ledger }, server);
  } finally {
    // Only after a failure is anything left to destroy or to stop.
    await pool.destroy();
    await server.stop();
  }
}

async function runActs(options: DemoOptions, on: Act, server: DemoServer): Promise<void> {
  const { uploads, uploadMib, small } = options;
  act(
    `1  pipeline: ${uploads} uploads of ${uploadMib} MiB, up and down at once, ${small} small requests beside them`,
  );
  await runPipeline(on, options, { kind: 'demo', server });

  act('2  a caller dies in the middle of its upload');
  await runCallerDeath(on, server);

  act('3  a worker is killed with exchanges in flight');
  const death = await runWorkerDeath(on, server);

  act('4  the books');
  claimOneBody(on, server);
  claimStats(on, {
    done: uploads + small + death.survived + death.small,
    error: { ERR_CALLER_DIED: 1, ERR_WORKER_DIED: death.died },
  });
  console.log(`   ${statsLine(on)}`);
  await on.pool.close();
  claimCounts(on, await server.stop(), {
    small: small + death.small,
    reports: uploads + 1 + death.died + death.survived,
  });
}

async function runEcho(options: DemoOptions, url: string, ledger: Ledger): Promise<void> {
  act(
    `1  pipeline against ${new URL(url).origin}: ${options.uploads} uploads of ${options.uploadMib} MiB, ${options.small} small requests`,
  );
  console.log('   what comes back must equal what was sent; skipped, for want of our own server:');
  console.log('   the checksums as the server saw them, the dying caller and the killed worker');
  await using pool = createPool({ workers: 2 });
  const on = { pool, ledger };
  await runPipeline(on, options, { kind: 'echo', url });
  claimStats(on, { done: options.uploads + options.small, error: {} });
  console.log(`   ${statsLine(on)}`);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(USAGE);
    return 0;
  }
  const ledger = new Ledger();
  const startedMs = performance.now();
  try {
    if (options.url === undefined) await runWhole(options, ledger);
    else await runEcho(options, options.url, ledger);
  } catch (error) {
    ledger.claim(`the demo ran to its end (it stopped in: ${stage})`, false, String(error));
  }
  ledger.print();
  const { failures } = ledger;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(
    failures.length === 0
      ? `\nall of it held, ${seconds} s`
      : `\n${failures.length} claims did not hold`,
  );
  return failures.length === 0 ? 0 : 1;
}

setTimeout(() => {
  console.error(`\nstill running after ${WATCHDOG_MS / 1000} s, in: ${stage}`);
  process.exit(1);
}, WATCHDOG_MS).unref();

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exitCode = 2;
}
