/**
 * The benchmark's child processes: the server, and one probe per memory measurement.
 * Whoever starts one stops it; a child also ends by itself when this process does.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Held, Probe } from './memory.ts';

export interface BenchServer {
  readonly origin: string;
  stop(): Promise<void>;
}

export async function startServer(): Promise<BenchServer> {
  const child = fork(new URL('./server.ts', import.meta.url), { execArgv: [] });
  const port = await firstMessage<number>(child);
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

/** Runs one memory measurement in a process of its own. */
export async function runProbe(probe: Probe): Promise<Held> {
  const child = fork(new URL('./memory-probe.ts', import.meta.url), [JSON.stringify(probe)], {
    execArgv: ['--expose-gc'],
  });
  const exited = once(child, 'exit');
  const held = await firstMessage<Held>(child);
  await exited;
  return held;
}

async function firstMessage<T>(child: ChildProcess): Promise<T> {
  const message = once(child, 'message').then(([value]) => value as T);
  const exit = once(child, 'exit').then(([code]) => {
    throw new Error(`a child process exited with ${code} before it reported`);
  });
  exit.catch(() => {});
  return Promise.race([message, exit]);
}
