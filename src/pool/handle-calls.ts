/**
 * The calls that handles are made and used by, as users see them; `pool/checked-calls` makes them.
 */

import type { AsyncHandle } from '../async-handle.ts';
import type { Message, PoolResponse } from '../messages.ts';
import type { BodyChunk, Caller, RequestHeaders } from '../options.ts';
import type { CallerPool, RequestVerbs } from './caller-pool.ts';

/** The calls of a pool that make handles and use them. */
export interface HandleCalls extends RequestVerbs {
  /**
   * Resolves with the whole response; rejects with the exchange's `RequestError` (A1, A3).
   * `timeout` (ms, default none) and `signal` end only the waiting, with `ERR_AWAIT_TIMEOUT` or the
   * signal's reason; it may be called again, any number of times, with the same result (A2).
   */
  await(
    handle: AsyncHandle,
    options?: { readonly timeout?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<PoolResponse>;
  /** The messages of the handle's mailbox; leaving the loop early cancels the exchange (M4). */
  messages(handle: AsyncHandle): AsyncIterableIterator<Message, undefined, undefined>;
  /**
   * The next message of the mailbox: waits, at most `timeout` ms where that is given, 0 polls.
   * `undefined` when none came in time, and for ever after the end (M1, M5).
   */
  receive(
    handle: AsyncHandle,
    options?: { readonly timeout?: number | undefined },
  ): Promise<Message | undefined>;
  /**
   * Sends one chunk of a `streamBody` upload. Resolves `true` once it is taken and there is room
   * for more, `false` when the body or the exchange has ended (U2, U3). The buffer may be reused
   * once the promise has settled. Rejects only for a chunk of a wrong type.
   */
  sendBody(handle: AsyncHandle, chunk: BodyChunk): Promise<boolean>;
  /**
   * Ends the upload; resolves `true` once the body is handed over whole, else `false` (U4).
   * `trailers` is a bad option as long as the transport cannot send them, which undici 8 cannot.
   */
  finishBody(handle: AsyncHandle, options?: FinishOptions): Promise<boolean>;
  /** Ends the exchange with `ERR_CANCELLED`, `reason` as its cause; in any state, never throws (X1). */
  cancel(handle: AsyncHandle, reason?: unknown): void;
  /** Grants `bytes` more of a streamed response; nothing happens after the end (F1, F3). */
  updateFlow(handle: AsyncHandle, bytes: number): void;
  /**
   * The handle for the `ref` of a running exchange; throws `ERR_UNKNOWN_HANDLE` otherwise (H2). To
   * keep a result, keep a handle, not its `ref` (H8).
   */
  handle(ref: string): AsyncHandle;
  /**
   * The WHATWG's `fetch` through this pool: resolves with a `Response` once its headers are there,
   * rejects with a `TypeError` whose cause is the `RequestError`, or with the reason of the signal.
   * Follows redirects and decodes gzip, deflate and br; there is no cache and there are no cookies.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** The same request verbs for one caller, which dies when the scope is disposed (C1). */
  withCaller(caller?: Caller): CallerPool;
}

/** Options of `finishBody`. */
export interface FinishOptions {
  readonly trailers?: RequestHeaders | undefined;
}
