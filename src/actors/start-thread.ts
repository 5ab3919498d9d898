/** Starts the thread of a worker, with the options that it is to have and no others. */

import { Worker } from 'node:worker_threads';
import type { ThreadOptions } from '../options.ts';
import { ownOptions } from '../own-options.ts';

export interface ThreadStart {
  /** Of the worker. */
  readonly id: number;
  readonly thread: ThreadOptions;
  /** The module that the thread runs; by default the one that belongs here. */
  readonly module?: URL | undefined;
}

/** Beside this file, as source or built. */
const THREAD_MODULE = new URL(
  import.meta.url.endsWith('.ts') ? './thread-main.ts' : './thread-main.js',
  import.meta.url,
);

/** Starts the thread of the worker with this id; its errors are events. */
export function startThread({ id, thread, module = THREAD_MODULE }: ThreadStart): Worker {
  const name = `${thread.name ?? 'spool'}-${id}`;
  const { resourceLimits } = thread;
  // Node hands its own options on to a thread, and then refuses this one, which is for `--eval`.
  const isText = process.execArgv.some((option) => option.startsWith('--input-type'));
  // Own properties only: Node knows many more options than are set here (N11).
  const options = ownOptions({
    name,
    ...(resourceLimits ? { resourceLimits } : {}),
    ...(isText ? { execArgv: [] } : {}),
  });
  return new Worker(module, options);
}
