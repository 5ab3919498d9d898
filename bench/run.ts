/**
 * `npm run bench`: what an exchange costs here and with undici, fetch, got and axios, side by side.
 *
 *     npm run bench -- [--only get|post|down|up|pieces|memory|queue|routing]… [--clients a,b]
 *                      [--isolated] [--rounds n] [--json] [--check]
 *
 * The clients take turns in interleaved rounds against one server. They share a process, as the
 * cost budget has it; `--isolated` gives each its own, where no peer spoils what V8 has learnt from
 * another. Memory is measured in a process per transfer. `--check` exits 1 when a target is missed.
 * For a profile: `node --cpu-prof bench/run.ts --only get --clients spool`.
 */

import { parseArgs } from 'node:util';
import { CASES } from './cases.ts';
import { startClients, startServer } from './child.ts';
import { CLIENT_NAMES } from './clients/index.ts';
import { measureRounds } from './measure.ts';
import { measureMemory } from './memory.ts';
import { measureQueue, QUEUE_ROUNDS } from './queue.ts';
import { caseTable, json, memoryTable, queueTable, routingTable, versionLine } from './report.ts';
import { type CaseResult, missedTargets, summarize } from './results.ts';
import { measureRouting, ROUTING_ROUNDS } from './routing.ts';

const MEMORY = 'memory';
const QUEUE = 'queue';
const ROUTING = 'routing';
const CASE_NAMES: readonly string[] = [...CASES.map(({ name }) => name), MEMORY, QUEUE, ROUTING];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    clients: { type: 'string' },
    isolated: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});
const wanted = chosen('only', options.only, CASE_NAMES);
const clientNames = chosen('clients', options.clients?.split(','), CLIENT_NAMES);
const rounds = options.rounds === undefined ? undefined : roundsOf(options.rounds);
const print = (text: string): void => {
  if (!options.json) console.log(text);
};

const groups = options.isolated ? clientNames.map((name) => [name]) : [clientNames];
const processes = await Promise.all(groups.map(startClients));
const clients = processes.flatMap((each) => each.clients);
const server = await startServer();
print(versionLine());

const results: CaseResult[] = [];
for (const each of CASES.filter(({ name }) => wanted.includes(name))) {
  const benchCase = rounds === undefined ? each : { ...each, rounds };
  const contestants = clients
    .filter(({ operations }) => operations.includes(benchCase.operation))
    .map((client) => ({
      name: client.name,
      turn: () => client.turn(benchCase, server.origin),
    }));
  const result = summarize(benchCase, await measureRounds(contestants, benchCase));
  results.push(result);
  print(caseTable(result));
}

const memory = wanted.includes(MEMORY) ? await measureMemory(clients, server.origin) : [];
if (memory.length > 0) print(memoryTable(memory));
const queue = wanted.includes(QUEUE)
  ? await measureQueue(server.origin, rounds ?? QUEUE_ROUNDS)
  : [];
if (queue.length > 0) print(queueTable(queue));
const routing = wanted.includes(ROUTING) ? await measureRouting(rounds ?? ROUTING_ROUNDS) : [];
if (routing.length > 0) print(routingTable(routing));

const missed = missedTargets({ cases: results, memory, queue });
if (options.json) console.log(json({ cases: results, memory, queue, routing, missed }));
else if (options.check) print(['', ...missed, `${missed.length} targets missed`].join('\n'));

await Promise.all(processes.map((each) => each.stop()));
await server.stop();
if (options.check && missed.length > 0) process.exitCode = 1;

function chosen(
  option: string,
  names: readonly string[] | undefined,
  all: readonly string[],
): readonly string[] {
  const unknown = names?.find((name) => !all.includes(name));
  if (unknown === undefined) return names ?? all;
  throw new Error(`--${option} knows ${all.join(', ')}, not '${unknown}'`);
}

function roundsOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw new Error(`--rounds must be 1 to 1000, not '${text}'`);
}
