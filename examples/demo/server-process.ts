/**
 * Starts the demo's server as a child process and keeps what it reports.
 *
 * Invariant: reports are kept in the order in which they came and are never overwritten, so that
 * a request the server saw twice shows.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { FromServer, Report, Summary, ToServer } from './control.ts';

export interface DemoServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Resolves with the first report for `id`; rejects when none comes within `REPORT_LIMIT_MS`. */
  report(id: string): Promise<Report>;
  /** Every report for `id` so far. */
  reports(id: string): readonly Report[];
  /** Lets the held responses end. */
  release(): void;
  /** Ends the process and resolves with its own count; idempotent. */
  stop(): Promise<Summary>;
}

const REPORT_LIMIT_MS = 5000;

export async function startServer(): Promise<DemoServer> {
  const child = fork(new URL('./server.ts', import.meta.url), { stdio: 'inherit' });
  const kept: Report[] = [];
  const waiting = new Map<string, PromiseWithResolvers<Report>>();
  const listening = Promise.withResolvers<number>();
  const stopped = Promise.withResolvers<Summary>();

  child.on('message', (message: FromServer) => {
    if (message.type === 'listening') listening.resolve(message.port);
    else if (message.type === 'summary') stopped.resolve(message);
    else {
      kept.push(message);
      waiting.get(message.id)?.resolve(message);
    }
  });
  child.once('exit', (code) => {
    const error = new Error(`the server process exited with ${code}`);
    listening.reject(error);
    stopped.reject(error);
  });
  // Whoever waits for the summary sees its rejection; before that it must not be unhandled.
  stopped.promise.catch(() => undefined);

  let stopping: Promise<Summary> | undefined;
  const port = await listening.promise;
  return {
    origin: `http://127.0.0.1:${port}`,
    report(id) {
      const report = kept.find((candidate) => candidate.id === id);
      return report === undefined ? awaitReport(waiting, id) : Promise.resolve(report);
    },
    reports: (id) => kept.filter((report) => report.id === id),
    release: () => tell(child, { type: 'release' }),
    stop() {
      stopping ??= stopChild(child, stopped.promise);
      return stopping;
    },
  };
}

async function awaitReport(
  waiting: Map<string, PromiseWithResolvers<Report>>,
  id: string,
): Promise<Report> {
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  waiting.set(id, { promise, resolve, reject });
  const timer = setTimeout(() => {
    reject(new Error(`the server reported nothing about ${id} within ${REPORT_LIMIT_MS} ms`));
  }, REPORT_LIMIT_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    waiting.delete(id);
  }
}

async function stopChild(child: ChildProcess, summary: Promise<Summary>): Promise<Summary> {
  const exited = once(child, 'exit');
  tell(child, { type: 'stop' });
  const told = await summary;
  await exited;
  return told;
}

function tell(child: ChildProcess, message: ToServer): void {
  child.send(message);
}
