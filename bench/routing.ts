/**
 * What the ways of selecting a worker are worth: connections made for requests to many origins, and
 * latency while one origin, or one worker, is slow. Each run has a process of its own; the ways take
 * turns in rounds.
 */

import type { PoolOptions } from '../src/index.ts';
import { runOnce, startOrigins } from './child.ts';
import { median } from './measure.ts';

export type Select = NonNullable<PoolOptions['select']>;

/** In the last, the slow worker has a dispatcher of the user's: its connections are not known. */
export type RoutingScenario = 'many origins' | 'slow origin' | 'slow worker';

/** The order that a run's process gets. */
export interface RoutingOrder {
  readonly ports: readonly number[];
  readonly scenario: RoutingScenario;
  readonly select: Select;
  readonly requests: number;
  readonly inFlight: number;
}

/** In milliseconds, of the requests to origins that are not slow. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
}

export interface RoutingRow extends Latencies {
  readonly scenario: RoutingScenario;
  readonly select: Select;
  readonly inFlight: number;
  /** Connections made for 1 000 requests. */
  readonly connections: number;
}

const SELECTS: readonly Select[] = ['affinity', 'least-busy', 'random'];
const SCENARIOS: readonly (readonly [RoutingScenario, number])[] = [
  ['many origins', 8],
  ['slow origin', 32],
  ['slow worker', 32],
];
const REQUESTS = 2_500;
export const ROUTING_ROUNDS = 1;

export async function measureRouting(rounds: number): Promise<readonly RoutingRow[]> {
  const origins = await startOrigins();
  const rows: RoutingRow[] = [];
  for (const [scenario, inFlight] of SCENARIOS) {
    const runs = new Map<Select, Omit<RoutingRow, 'scenario' | 'select' | 'inFlight'>[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const select of SELECTS) {
        await origins.connections();
        const order = { ports: origins.ports, scenario, select, requests: REQUESTS, inFlight };
        const latencies = await runOnce<RoutingOrder, Latencies>('routing-probe.ts', order);
        const connections = ((await origins.connections()) / REQUESTS) * 1000;
        runs.set(select, [...(runs.get(select) ?? []), { ...latencies, connections }]);
      }
    }
    for (const [select, each] of runs) {
      const of = (key: 'p50' | 'p99' | 'connections'): number =>
        median(each.map((run) => run[key]));
      const [p50, p99, connections] = [of('p50'), of('p99'), of('connections')];
      rows.push({ scenario, select, inFlight, connections, p50, p99 });
    }
  }
  await origins.stop();
  return rows;
}
