/** How exchanges end, read from the outside. */

import type { ErrorMessage, TerminalMessage } from '../../src/index.ts';
import { type AsyncHandle, type Message, type Pool, RequestError } from '../../src/index.ts';

/** A pool, or a connection to one. */
type Caller = Pick<Pool, 'messages'>;

/** All messages of an exchange that are still to come; the last is the terminal one. */
export async function messagesOf(pool: Caller, handle: AsyncHandle): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of pool.messages(handle)) messages.push(message);
  return messages;
}

/** The terminal message; rejects when it is not the one and last. */
export async function endOf(pool: Caller, handle: AsyncHandle): Promise<TerminalMessage> {
  const messages = await messagesOf(pool, handle);
  const ends = messages.filter(({ type }) => type === 'done' || type === 'error');
  const last = messages.at(-1);
  if (ends.length !== 1 || (last?.type !== 'done' && last?.type !== 'error')) {
    throw new Error(`not one end but ${ends.length} of ${messages.map(({ type }) => type)}`);
  }
  return last;
}

/** The terminal message of an exchange that fails; rejects when it does not. */
export async function failureOf(pool: Caller, handle: AsyncHandle): Promise<ErrorMessage> {
  const end = await endOf(pool, handle);
  if (end.type === 'error') return end;
  throw new Error('the exchange was done, it should have failed');
}

/** The gauges of a pool, for `toEqual(IDLE)`. */
export function gaugesOf(pool: Pool) {
  const { queued, inFlight, openUploads, workers } = pool.stats();
  const running = workers.reduce((sum, worker) => sum + worker.inFlight, 0);
  const uploading = workers.reduce((sum, worker) => sum + worker.openUploads, 0);
  return { queued, inFlight, openUploads, running, uploading };
}

/** What `gaugesOf` a pool says when nothing is in flight. */
export const IDLE = { queued: 0, inFlight: 0, openUploads: 0, running: 0, uploading: 0 };

/** The code of the `RequestError` a promise rejects with, `undefined` when it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof RequestError) return error.code;
    throw error;
  }
}
