/** A script of test/fixtures in a thread: what it posts, and how it ended. */

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessagePort, Worker } from 'node:worker_threads';
import { Inbox } from './inbox.ts';

export interface FixtureThread extends AsyncDisposable {
  readonly worker: Worker;
  /** The exit code; an error of the thread is for `failed`. */
  readonly ended: Promise<number>;
  readonly failed: Promise<unknown>;
  /** What it posts next. */
  next(): Promise<unknown>;
}

export function fixtureThread(
  name: string,
  workerData: { readonly port?: MessagePort; readonly [key: string]: unknown } = {},
): FixtureThread {
  const path = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const { port } = workerData;
  const transferList = port === undefined ? [] : [port];
  const worker = new Worker(path, { workerData, transferList, execArgv: [] });
  const inbox = new Inbox<unknown>();
  const ended = Promise.withResolvers<number>();
  const failed = Promise.withResolvers<unknown>();
  worker.on('message', (message) => inbox.push(message));
  worker.once('error', (error) => {
    failed.resolve(error);
    inbox.close(error instanceof Error ? error : new Error(String(error)));
  });
  worker.once('exit', (code) => {
    inbox.close(new Error(`the thread has ended with ${code}`));
    ended.resolve(code);
  });
  return {
    worker,
    ended: ended.promise,
    failed: failed.promise,
    next: () => inbox.next(),
    [Symbol.asyncDispose]: async () => {
      await worker.terminate();
    },
  };
}

/** A port of the pool that lives in the thread `pool-thread.ts`. */
export async function portOf(thread: FixtureThread): Promise<MessagePort> {
  thread.worker.postMessage('port');
  const port = await thread.next();
  if (port instanceof MessagePort) return port;
  throw new Error('the thread posted no port');
}

/** Resolves when a thread has ended by itself. */
export async function exitOf(worker: Worker): Promise<void> {
  if (worker.threadId !== -1) await once(worker, 'exit');
}
