/**
 * Prints results as tables for people, or as one JSON document for programs.
 */

import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import type { MemoryRow } from './memory.ts';
import { MIB } from './payload.ts';
import type { QueueRow } from './queue.ts';
import { type CaseResult, countsCaller, isStream } from './results.ts';
import type { RoutingRow } from './routing.ts';

type Cells = readonly string[];

export function versions(): Readonly<Record<string, string>> {
  const versionOf = (name: string): string => {
    const path = findPackageJSON(name, import.meta.url);
    return path === undefined ? 'unknown' : JSON.parse(readFileSync(path, 'utf8')).version;
  };
  return {
    node: process.versions.node,
    undici: versionOf('undici'),
    'undici of fetch': process.versions.undici ?? 'unknown',
    got: versionOf('got'),
    axios: versionOf('axios'),
  };
}

export function versionLine(): string {
  return Object.entries(versions())
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

export function caseTable({ case: benchCase, rows }: CaseResult): string {
  const { title, reference, rounds } = benchCase;
  const speed = isStream(benchCase) ? 'MiB/s' : 'req/s';
  const cost = isStream(benchCase) ? 'CPU ms/GiB' : 'CPU µs/req';
  const body = rows.map((row): Cells => {
    const cpuMsPerGib = (row.cpuUsPerRequest / 1000) * ((1024 * MIB) / benchCase.bytes);
    return [
      countsCaller(row.client) ? `${row.client} (caller's thread only)` : row.client,
      (isStream(benchCase) ? cpuMsPerGib : row.cpuUsPerRequest).toFixed(1),
      ratio(row.cpuRatio),
      (isStream(benchCase) ? row.mibPerSecond : row.requestsPerSecond).toFixed(0),
      ratio(row.throughputRatio),
    ];
  });
  const title2 = `${title} (medians of ${rounds} rounds, × = ratio to ${reference})`;
  return table(title2, ['', cost, '×', speed, '×'], body);
}

export function memoryTable(rows: readonly MemoryRow[]): string {
  return table(
    'Memory while 256 MiB go by, MiB: resident growth with garbage (first transfer), resident\n' +
      'growth and most bytes alive with the garbage collected as it goes (second transfer)',
    ['', 'first', 'second', 'alive'],
    rows.map((row) => [
      `${row.scenario}, ${row.client}`,
      mib(row.first),
      mib(row.grown),
      mib(row.kept),
    ]),
  );
}

export function queueTable(rows: readonly QueueRow[]): string {
  return table(
    'Exchanges that wait for admission: CPU of a request, heap of one that waits; CPU to\n' +
      'cancel them all, and the longest turn of the event loop meanwhile',
    ['', 'CPU µs/req', '×', 'heap B', 'cancel CPU ms', 'stall ms'],
    rows.map((row) => [
      `${row.waiting} waiting`,
      row.cpuUs.toFixed(1),
      ratio(row.cpuRatio),
      row.heapBytes.toFixed(0),
      row.cancelMs.toFixed(0),
      row.stallMs.toFixed(0),
    ]),
  );
}

export function routingTable(rows: readonly RoutingRow[]): string {
  return table(
    'GETs to 40 origins, 4 workers: connections made for 1 000 requests; latency of those that\n' +
      'are not slow on purpose, ms',
    ['', 'connections', 'p50', 'p99'],
    rows.map((row) => [
      `${row.scenario}, ${row.inFlight} in flight, ${row.select}`,
      row.connections.toFixed(0),
      row.p50.toFixed(1),
      row.p99.toFixed(1),
    ]),
  );
}

/** All that was measured, as it is printed with `--json`. */
export interface Report {
  readonly cases: readonly CaseResult[];
  readonly memory: readonly MemoryRow[];
  readonly queue: readonly QueueRow[];
  readonly routing: readonly RoutingRow[];
  readonly missed: readonly string[];
}

export function json({ cases, ...rest }: Report): string {
  const flat = cases.map(({ case: { name, title, rounds }, rows }) => ({
    name,
    title,
    rounds,
    rows,
  }));
  return JSON.stringify({ versions: versions(), cases: flat, ...rest }, null, 2);
}

function table(title: string, head: Cells, body: readonly Cells[]): string {
  const lines = [head, ...body];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => cellOf(line, column))));
  const print = (line: Cells): string =>
    line
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return [`\n${title}`, ...lines.map(print)].join('\n');
}

function cellOf(line: Cells, column: number): number {
  return line[column]?.length ?? 0;
}

function ratio(value: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(2);
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
