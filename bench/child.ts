/**
 * The benchmark's child processes: the server, the clients, and one per memory measurement.
 * Whoever starts one stops it; a child also ends by itself when this process does.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchCase } from './cases.ts';
import type { Abilities, Turn } from './client-process.ts';
import type { Operation } from './clients/client.ts';
import type { Sample } from './measure.ts';
import type { Held, Probe } from './memory.ts';

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

/** Runs one memory measurement in a process of its own. */
export async function runProbe(probe: Probe): Promise<Held> {
  const child = fork(new URL('./memory-probe.ts', import.meta.url), [JSON.stringify(probe)], {
    execArgv: ['--expose-gc'],
  });
  const exited = once(child, 'exit');
  const held = await nextMessage<Held>(child);
  await exited;
  return held;
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
