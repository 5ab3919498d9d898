/**
 * Act 3: a worker is killed while it holds downloads and uploads.
 *
 * Invariant shown: exactly its own exchanges end in ERR_WORKER_DIED, at once; those of the other
 * workers finish; the supervisor brings the worker back and it serves again.
 */

import { type Ended, openMidFlight } from './mid-flight.ts';
import type { Act } from './pipeline.ts';
import type { DemoServer } from './server-process.ts';

export interface WorkerDeath {
  /** Exchanges the worker took with it. */
  readonly died: number;
  /** Exchanges that were in flight on other workers and ended well. */
  readonly survived: number;
  /** Small requests answered after the death. */
  readonly small: number;
}

const BURST = 64;
const RECOVERY_LIMIT_MS = 5000;

export async function runWorkerDeath(act: Act, server: DemoServer): Promise<WorkerDeath> {
  const { pool, ledger } = act;
  const flight = await openMidFlight(act, server);
  const ended: Ended[] = [];
  const victim = pool.stats().workers.toSorted((a, b) => b.inFlight - a.inFlight)[0];
  if (victim === undefined) throw new Error('the pool has no worker to kill');
  const allDied = Promise.withResolvers<void>();
  const entered = flight.ended.map(async (promise) => {
    const one = await promise;
    ended.push(one);
    if (ended.length === victim.inFlight) allDied.resolve();
    return one;
  });

  const killedMs = performance.now();
  pool.killWorker(victim.id);
  const burst = serve(act, server, BURST);
  await allDied.promise;
  const tookMs = performance.now() - killedMs;
  const atOnce = [...ended];
  const answered = await burst;
  flight.release();
  const all = await Promise.all(entered);

  console.log(`   worker ${victim.id} took ${atOnce.length} of ${all.length} exchanges with it`);
  const survivors = all.filter((one) => !atOnce.includes(one));
  ledger.claim(
    `worker death: its ${victim.inFlight} exchanges ended in ERR_WORKER_DIED, ${tookMs.toFixed(0)} ms after the kill`,
    victim.inFlight > 0 &&
      atOnce.length === victim.inFlight &&
      atOnce.every((one) => one.outcome === 'ERR_WORKER_DIED' && one.worker === victim.id),
    atOnce,
  );
  ledger.claim(
    `worker death: the other ${survivors.length} exchanges finished whole on other workers`,
    survivors.length > 0 &&
      survivors.every((one) => one.outcome === 'done' && one.whole && one.worker !== victim.id),
    survivors,
  );
  ledger.claim(
    `worker death: ${BURST} requests sent the moment it died were all answered`,
    answered.length === BURST,
    answered.length,
  );
  await claimServerSawIt(act, server, { atOnce, survivors });
  for (const { row } of all) ledger.row(row);
  const again = await claimRecovery(act, server, victim);
  return { died: atOnce.length, survived: survivors.length, small: answered.length + again };
}

/** The peer's view: what died was cut off, what lived was answered whole. */
async function claimServerSawIt(
  { ledger }: Act,
  server: DemoServer,
  { atOnce, survivors }: { atOnce: readonly Ended[]; survivors: readonly Ended[] },
): Promise<void> {
  const cut = await Promise.all(atOnce.map(({ id }) => server.report(id)));
  const whole = await Promise.all(survivors.map(({ id }) => server.report(id)));
  const right =
    cut.every((report) => report.answer === 'cut') &&
    cut.every((report) => report.id.startsWith('hold') || report.body === 'cut') &&
    whole.every((report) => report.answer === 'whole' && report.body === 'whole');
  ledger.claim('worker death: the server saw the same, cut off and whole', right, { cut, whole });
}

/** The others have connections open and are preferred: they have to be full (`maxInFlight` is 128). */
const MORE_THAN_ONE_TAKES = 160;

/** Sends until the killed worker answers again; resolves with how many were answered. */
async function claimRecovery(
  act: Act,
  server: DemoServer,
  victim: { readonly id: number; readonly restarts: number },
): Promise<number> {
  const startedMs = performance.now();
  const served: (number | undefined)[] = [];
  while (!served.includes(victim.id) && performance.now() - startedMs < RECOVERY_LIMIT_MS) {
    served.push(...(await serve(act, server, MORE_THAN_ONE_TAKES)));
  }
  const now = act.pool.stats().workers.find(({ id }) => id === victim.id);
  act.ledger.claim(
    `worker death: worker ${victim.id} was restarted once and serves again`,
    served.includes(victim.id) && now?.restarts === victim.restarts + 1,
    { now, served: served.length },
  );
  return served.length;
}

/** `count` requests at the same time; the worker of each that was answered rightly. */
async function serve({ pool }: Act, server: DemoServer, count: number) {
  const handles = Array.from({ length: count }, (_, n) => pool.get(`${server.origin}/small/${n}`));
  const results = await Promise.allSettled(handles.map((handle) => pool.await(handle)));
  return results.flatMap((result, n) => {
    if (result.status === 'rejected') return [];
    const right = result.value.text() === JSON.stringify({ n, square: n * n });
    return right ? [result.value.metrics.worker] : [];
  });
}
