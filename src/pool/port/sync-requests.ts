/**
 * Requests for a thread of its own that must not be asynchronous: each call blocks that thread until
 * there is an answer (scripts, rule engines, procedures).
 *
 * Invariant: a thread is blocked only where that is allowed: not inside `forbid`, and never where
 * the pool itself would have to run in it.
 */

import { threadId } from 'node:worker_threads';
import type { AsyncHandle } from '../../async-handle.ts';
import { badOptions, type OptionIssue, RequestError } from '../../errors.ts';
import type { RequestOptionsWithUrl } from '../../options.ts';
import { own } from '../../own-options.ts';
import { isOptionBag } from '../validate.ts';
import { callOf, type RequestCall } from '../validate-request.ts';
import type { RemoteFlight } from './remote-flight.ts';
import { BlockingStream, type SyncStream } from './sync-stream.ts';

/** Options of a synchronous request: those of any, but for what a blocked thread cannot hear of. */
export type SyncRequestOptions = Omit<
  RequestOptionsWithUrl,
  'stream' | 'streamBody' | 'replyTo' | 'caller' | 'signal'
>;

export interface SyncRequests {
  /**
   * Sends a request and blocks this thread until its headers are there; throws its `RequestError`.
   * Bodies are bytes, text, or a synchronous iterable, which is read as the pool takes it.
   * `ERR_WOULD_BLOCK` inside `forbid` and in the thread of the pool.
   */
  request(options: SyncRequestOptions): SyncStream;
  /**
   * Runs a function in which this thread may not be blocked: every blocking call inside it, of any
   * connection, throws `ERR_WOULD_BLOCK`. What the function does asynchronously is not covered.
   */
  forbid<T>(run: () => T): T;
}

/** What blocking calls need of the connection. */
export interface BlockingConnection {
  /** The thread of the pool. */
  readonly poolThreadId: number;
  requestSync(call: RequestCall): { readonly handle: AsyncHandle; readonly flight: RemoteFlight };
  /** Blocks until `ready`. */
  block(ready: () => boolean): void;
  /** Sends at once what is to be sent. */
  flush(): void;
}

/** Calls of `forbid` that are running in this thread. */
let forbidden = 0;

export class BlockingRequests implements SyncRequests {
  readonly #connection: BlockingConnection;

  constructor(connection: BlockingConnection) {
    this.#connection = connection;
  }

  request(options: SyncRequestOptions): SyncStream {
    const { poolThreadId } = this.#connection;
    assertMayBlock(poolThreadId);
    checkSync(options);
    const call = callOf({ ...options, stream: true }, undefined);
    const { handle, flight } = this.#connection.requestSync(call);
    return new BlockingStream(handle, flight, {
      block: (ready) => {
        assertMayBlock(poolThreadId);
        this.#connection.block(ready);
      },
      flush: () => this.#connection.flush(),
    });
  }

  forbid<T>(run: () => T): T {
    forbidden += 1;
    try {
      return run();
    } finally {
      forbidden -= 1;
    }
  }
}

function assertMayBlock(poolThreadId: number): void {
  if (forbidden > 0) throw new RequestError('ERR_WOULD_BLOCK');
  if (poolThreadId !== threadId) return;
  const message = 'the pool runs in this thread: it could not answer while the thread is blocked';
  throw new RequestError('ERR_WOULD_BLOCK', { message });
}

/** What a thread that blocks can do nothing with. */
const NOT_SYNC: ReadonlySet<string> = new Set([
  'stream',
  'streamBody',
  'replyTo',
  'caller',
  'signal',
]);

function checkSync(options: SyncRequestOptions): void {
  if (!isOptionBag(options)) return;
  const issues: OptionIssue[] = Object.entries(options)
    .filter(([option, value]) => NOT_SYNC.has(option) && value !== undefined)
    .map(([option]) => ({ option, problem: 'is not an option of a synchronous request' }));
  if (isAsynchronous(own(options, 'body'))) {
    const problem = 'must be bytes, text or a synchronous iterable in a synchronous request';
    issues.push({ option: 'body', problem });
  }
  if (issues.length > 0) throw badOptions(issues);
}

function isAsynchronous(body: unknown): boolean {
  if (typeof body === 'function') return true;
  if (typeof body !== 'object' || body === null) return false;
  if (body instanceof Blob || body instanceof FormData) return true;
  return Symbol.asyncIterator in body && !(Symbol.iterator in body);
}
