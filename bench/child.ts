/**
 * The benchmark's child processes: servers, the clients, and one per measurement of its own.
 * Whoever starts one stops it; a child also ends by itself when this process does.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCase } from './cases.ts';
import type { Abilities, Turn } from './client-process.ts';
import type { Operation } from './clients/client.ts';
import type { Sample } from './measure.ts';

/** The longest that one turn may take. */
const PATIENCE_MS = 120_000;

export interface BenchServer {
  readonly origin: string;
  stop(): Promise<void>;
}

export async function startServer(): Promise<BenchServer> {
  const child = fork(new URL('./server.ts', import.meta.url), { execArgv: [] });
  const port = await nextMessage<number>(child);
  return { origin: `http://127.0.0.1:${port}`, stop: () => stop(child) };
}

/** A client in a process that it may share with others. */
export interface RemoteClient {
  readonly name: string;
  readonly operations: readonly Operation[];
  turn(benchCase: BenchCase, origin: string): Promise<Sample>;
}

export interface ClientProcess {
  readonly clients: readonly RemoteClient[];
  stop(): Promise<void>;
}

/** Starts these clients in one process, which gets the options of this one (`--cpu-prof` …). */
export async function startClients(names: readonly string[]): Promise<ClientProcess> {
  const child = fork(new URL('./client-process.ts', import.meta.url), names);
  const abilities = await nextMessage<Abilities>(child);
  const clients = Object.entries(abilities).map(
    ([name, operations]): RemoteClient => ({
      name,
      operations,
      turn(benchCase, origin) {
        const turn: Turn = { client: name, caseName: benchCase.name, origin };
        child.send(turn);
        return nextMessage<Sample>(child);
      },
    }),
  );
  return { clients, stop: () => stop(child) };
}

export interface Origins {
  readonly ports: readonly number[];
  /** Connections made since it was last asked. */
  connections(): Promise<number>;
  stop(): Promise<void>;
}

export async function startOrigins(): Promise<Origins> {
  const child = fork(new URL('./routing-server.ts', import.meta.url), { execArgv: [] });
  const ports = await nextMessage<readonly number[]>(child);
  const connections = (): Promise<number> => {
    child.send('count');
    return nextMessage<number>(child);
  };
  return { ports, connections, stop: () => stop(child) };
}

/** Runs one measurement in a process of its own, which gets an order and reports once. */
export async function runOnce<Order, Report>(script: string, order: Order): Promise<Report> {
  const child = fork(new URL(script, import.meta.url), [JSON.stringify(order)], {
    execArgv: ['--expose-gc'],
  });
  const exited = once(child, 'exit');
  const report = await nextMessage<Report>(child);
  await exited;
  return report;
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}

async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const done = new AbortController();
  const { signal } = done;
  // A request that is never answered ends the benchmark instead of stopping it.
  const late = sleep(PATIENCE_MS, undefined, { signal }).then(() => {
    throw new Error(`${child.spawnargs.slice(2).join(' ')}: no report within ${PATIENCE_MS} ms`);
  });
  const exit = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a child process exited with ${code} before it reported`);
  });
  try {
    // Both ends of this channel are ours; each message is of the type its sender declares.
    const message = once(child, 'message', { signal }).then(([value]) => value as T);
    return await Promise.race([message, exit, late]);
  } finally {
    for (const loser of [exit, late]) loser.catch(() => {});
    done.abort();
  }
}
