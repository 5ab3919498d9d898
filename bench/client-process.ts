/**
 * A child process with one client or several: they take turns on command, and what each turn cost
 * is reported.
 */

import { CASES, runTurn } from './cases.ts';
import { type BenchClient, isOperation, type Operation } from './clients/client.ts';
import { loadClient } from './clients/index.ts';
import type { Sample } from './measure.ts';

/** The command of a turn. */
export interface Turn {
  readonly client: string;
  readonly caseName: string;
  readonly origin: string;
}

/** The first report: what each client of this process can do. */
export type Abilities = Readonly<Record<string, readonly Operation[]>>;

const clients = new Map<string, BenchClient>();
for (const name of process.argv.slice(2)) clients.set(name, await loadClient(name));

process.on('message', (turn: Turn) => {
  void measure(turn).then((sample) => process.send?.(sample));
});
process.on('disconnect', () => process.exit());
const abilities: Abilities = Object.fromEntries(
  [...clients].map(([name, client]) => [name, Object.keys(client).filter(isOperation)]),
);
process.send?.(abilities);

async function measure({ client: name, caseName, origin }: Turn): Promise<Sample> {
  const client = clients.get(name);
  const benchCase = CASES.find((each) => each.name === caseName);
  if (client === undefined || benchCase === undefined) throw new Error(`no ${caseName} of ${name}`);
  await runTurn(benchCase, client, origin, benchCase.leadIn);
  const cpuBefore = process.cpuUsage();
  const callerBefore = process.threadCpuUsage();
  const wallBefore = performance.now();
  await runTurn(benchCase, client, origin, benchCase.requests);
  const wallMs = performance.now() - wallBefore;
  const cpu = process.cpuUsage(cpuBefore);
  const caller = process.threadCpuUsage(callerBefore);
  const callerUs = caller.user + caller.system;
  return { cpuUs: cpu.user + cpu.system, callerUs, wallMs };
}
