/**
 * From samples to the numbers of the report, and from the numbers to the verdict of `--check`.
 */

import type { BenchCase } from './cases.ts';
import { median, medianRatio, type Sample, type Samples } from './measure.ts';
import type { MemoryRow } from './memory.ts';
import { MIB } from './payload.ts';
import type { QueueRow } from './queue.ts';

/** Medians over the rounds; ratios to the case's reference, `NaN` when it did not take part. */
export interface Row {
  readonly client: string;
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly mibPerSecond: number;
  readonly cpuRatio: number;
  readonly throughputRatio: number;
}

export interface CaseResult {
  readonly case: BenchCase;
  readonly rows: readonly Row[];
}

/**
 * Of the cost budget: CPU of a small GET to `undici.request`, throughput to `undici.stream`. With
 * threads: CPU of the caller's thread, throughput to the same inline. Of a queue: CPU of a request
 * among 100 000 to one among 1 000, heap of one, CPU time to cancel all.
 */
export const TARGETS = {
  getCpu: 0.8,
  callerCpu: 0.4,
  streamThroughput: 0.95,
  threadThroughput: 0.8,
  memory: 32 * MIB,
  queueCpu: 1.3,
  queueHeap: 1536,
  cancelMs: 300,
} as const;

const OURS = /^spool\b/;

/** Whether only the CPU of the caller's thread counts, and of what the client is compared with. */
export function countsCaller(client: string): boolean {
  return client.startsWith('spool thread');
}

export function summarize(benchCase: BenchCase, samples: Samples): CaseResult {
  const { requests, bytes } = benchCase;
  const reference = samples.get(benchCase.reference) ?? [];
  const rows = [...samples].map(([client, own]): Row => {
    const cpuOf = countsCaller(client) ? callerCpuOf : processCpuOf;
    const seconds = median(own.map(wallOf)) / 1000;
    return {
      client,
      cpuUsPerRequest: median(own.map(cpuOf)) / requests,
      requestsPerSecond: requests / seconds,
      mibPerSecond: (requests * bytes) / MIB / seconds,
      cpuRatio: medianRatio(own, reference, cpuOf),
      throughputRatio: 1 / medianRatio(own, reference, wallOf),
    };
  });
  return { case: benchCase, rows };
}

/** What has targets. */
export interface Measured {
  readonly cases: readonly CaseResult[];
  readonly memory: readonly MemoryRow[];
  readonly queue: readonly QueueRow[];
}

/** One line per missed target of ours; targets without a measurement are not missed. */
export function missedTargets({ cases, memory, queue }: Measured): readonly string[] {
  const missed: string[] = [];
  for (const { case: benchCase, rows } of cases) {
    const inline = rows.find(({ client }) => client === 'spool')?.throughputRatio ?? Number.NaN;
    for (const row of rows.filter(({ client }) => OURS.test(client))) {
      const name = `${benchCase.name}, ${row.client}`;
      const isThread = countsCaller(row.client);
      const most = isThread ? TARGETS.callerCpu : TARGETS.getCpu;
      if (benchCase.name === 'get' && row.cpuRatio > most) {
        missed.push(`${name}: CPU ratio ${row.cpuRatio.toFixed(2)}, target ≤ ${most}`);
      }
      const ratio = isThread ? row.throughputRatio / inline : row.throughputRatio;
      const least = isThread ? TARGETS.threadThroughput : TARGETS.streamThroughput;
      if (isStream(benchCase) && ratio < least) {
        missed.push(`${name}: throughput ratio ${ratio.toFixed(2)}, target ≥ ${least}`);
      }
    }
  }
  for (const row of memory.filter(({ client }) => OURS.test(client))) {
    const most = Math.max(row.grown, row.kept);
    if (most < TARGETS.memory) continue;
    const [grown, target] = [most, TARGETS.memory].map((bytes) => (bytes / MIB).toFixed(0));
    missed.push(`memory, ${row.scenario}, ${row.client}: grew by ${grown} MiB, target < ${target}`);
  }
  return [...missed, ...queue.flatMap(missedByQueue)];
}

function missedByQueue({ waiting, cpuRatio, heapBytes, cancelMs }: QueueRow): readonly string[] {
  const each = [
    ['CPU ratio', cpuRatio.toFixed(2), TARGETS.queueCpu],
    ['heap bytes', heapBytes.toFixed(0), TARGETS.queueHeap],
    ['CPU ms to cancel', cancelMs.toFixed(0), TARGETS.cancelMs],
  ] as const;
  return each
    .filter(([, value, target]) => Number(value) > target)
    .map(([what, value, target]) => `queue, ${waiting}: ${what} ${value}, target ≤ ${target}`);
}

export function isStream({ operation }: BenchCase): boolean {
  return operation === 'download' || operation === 'upload';
}

function processCpuOf({ cpuUs }: Sample): number {
  return cpuUs;
}

function callerCpuOf({ callerUs }: Sample): number {
  return callerUs;
}

function wallOf({ wallMs }: Sample): number {
  return wallMs;
}
