/**
 * What callers may say, with units and defaults. Times are milliseconds, sizes are bytes, `Infinity`
 * switches a limit off (clause H5). What the inside works with is in `resolved-options`.
 */

import type { ChildProcess } from 'node:child_process';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { MessagePort, ResourceLimits, Worker } from 'node:worker_threads';
import type { Dispatcher } from 'undici';
import type { Message } from './messages.ts';

/** Bytes or text for one chunk of an upload; text is sent as UTF-8 (clause U1). */
export type BodyChunk = string | ArrayBuffer | ArrayBufferView;

/**
 * A whole request body, or the source of one. Iterables and streams are read once; a stream that is
 * the body of another request, or has nothing left to read, is a bad option.
 */
export type RequestBody =
  | BodyChunk
  | URLSearchParams
  | FormData
  | Blob
  | Iterable<BodyChunk>
  | AsyncIterable<BodyChunk>
  | (() => Iterable<BodyChunk> | AsyncIterable<BodyChunk>);

/** Names in any case; `undefined` values are left out. */
export type RequestHeaders =
  | Readonly<Record<string, string | number | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/** An actor that can be watched: XState's `ActorRef` has this shape. */
export interface WatchableActor {
  getSnapshot(): unknown;
  subscribe(observer: {
    next?: (snapshot: unknown) => void;
    error?: (error: unknown) => void;
    complete?: () => void;
  }): { unsubscribe(): void };
}

/** A scope of `pool.withCaller()`: its callers die when it is disposed. */
export interface CallerScope {
  readonly dead: boolean;
  onDeath(listener: () => void): () => void;
}

/** Whoever is responsible for an exchange, and whose death is observed (clause C1). */
export type Caller =
  | AbortSignal
  | WatchableActor
  | Worker
  | MessagePort
  | ChildProcess
  | Readable
  | Writable
  | Duplex
  | CallerScope;

/** Where messages go (clause M2). A `MessagePort` receives plain data. */
export type ReplyTo = ((message: Message) => void) | { send(message: Message): void } | MessagePort;

/** The request options that may also be set for a whole pool. */
export interface RequestDefaults {
  /** Sent with each request; a header of the request itself replaces one of the same name. */
  readonly headers?: RequestHeaders | undefined;
  /** Deliver `status` and `data` as they come, not one response at the end. Default `false`. */
  readonly stream?: boolean | undefined;
  /** The body comes by `sendBody` and `finishBody`. Default `false`. */
  readonly streamBody?: boolean | undefined;
  /** What becomes of an unfinished upload when its caller dies (C2). Default `'finish'`. */
  readonly onCallerDeath?: 'finish' | 'cancel' | undefined;
  /**
   * Bytes delivered and not yet granted, with `stream` (F1), at least 1. Default 1 MiB; `replyTo`:
   * `Infinity`.
   */
  readonly window?: number | undefined;
  /** Admission to terminal message (H7). Default 30 000; `Infinity` with `stream` or `streamBody`. */
  readonly timeout?: number | undefined;
  /** Dispatch to connection: DNS, TCP and TLS (T1). Default 10 000. */
  readonly connectTimeout?: number | undefined;
  /** Request sent to response headers (T1). Default 30 000. */
  readonly headersTimeout?: number | undefined;
  /** No byte moved in either direction, for whatever reason (T1). Default 30 000. */
  readonly idleTimeout?: number | undefined;
  /** Time in the admission queue (H6). Default `Infinity`. */
  readonly queueTimeout?: number | undefined;
  /** Whose work it is: tenants that wait take turns (H9). Default `''`. */
  readonly tenant?: string | undefined;
  /** Within a tenant the higher is first, one more for each second waited (H9). Default 0. */
  readonly priority?: number | undefined;
  /**
   * Ends a peer that moves fewer than `bytes` in an `interval` of so many ms (T4): of both directions
   * from the headers of the response on, and before them of an upload, while that waits for its peer
   * and not for its caller. Systems take an upload in steps, so its peer is ended once it is 2 MiB
   * behind. A body of up to 1 MiB given whole is not measured, nor for sure an upload with less than
   * 192 KiB of `uploadBuffer`. Default off.
   */
  readonly minThroughput?: { readonly bytes: number; readonly interval: number } | undefined;
  /** Bytes of one upload that are accepted ahead of the peer (U2). Default 256 KiB. */
  readonly uploadBuffer?: number | undefined;
  /** Largest response body. Default 64 MiB; `Infinity` with `stream`. */
  readonly maxResponseBytes?: number | undefined;
}

/** Options of one request, next to its URL. */
export interface RequestOptions extends RequestDefaults {
  /** Default `GET`. */
  readonly method?: string | undefined;
  /** A whole body; contradicts `streamBody`. */
  readonly body?: RequestBody | undefined;
  /** Default: the mailbox of the handle. */
  readonly replyTo?: ReplyTo | undefined;
  /** Default: none, an exchange that nobody is responsible for. */
  readonly caller?: Caller | undefined;
  /** Cancels the exchange when it aborts, in any phase (X3). */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `pool.request`. */
export interface RequestOptionsWithUrl extends RequestOptions {
  readonly url: string | URL;
}

/** What the threads of a pool are like. */
export interface ThreadOptions {
  /** Shown by debuggers, followed by the worker's id. Default `'spool'`. */
  readonly name?: string | undefined;
  /** Node's own limits, in MiB; a thread that needs more dies and is restarted. Default Node's. */
  readonly resourceLimits?: ResourceLimits | undefined;
}

/** At most `limit` starts in any window of `interval` ms; a `limit` of `Infinity` is none. */
export interface RateLimit {
  readonly limit: number;
  readonly interval: number;
}

/** What may be changed while the pool runs, with `setLimits`. */
export interface PoolLimits {
  /** Exchanges one worker runs at a time (H6). Default 128. */
  readonly maxInFlight?: number | undefined;
  /** Exchanges that run to one origin at a time, over the whole pool (H9). Default `Infinity`. */
  readonly maxPerOrigin?: number | undefined;
  /**
   * Each origin's own limit is found from its latency and failures, at most `maxPerOrigin`, which
   * has to be finite; and a 429 or 503 with `Retry-After` pauses its origin so long, an hour at most.
   * Default `false`.
   */
  readonly adaptive?: boolean | undefined;
  /** Exchanges that may wait for admission; beyond it `ERR_OVERLOAD` (H6). Default 1 000 000. */
  readonly queueLimit?: number | undefined;
  /** Starts of the whole pool. Default: none. */
  readonly rate?: RateLimit | undefined;
  /** Starts of each origin. Default: none. */
  readonly originRate?: RateLimit | undefined;
  /**
   * The weights by which waiting tenants take turns (H9), and their rates. Default: every tenant 1,
   * and so each that is not named here.
   */
  readonly tenants?: Readonly<Record<string, number | TenantOptions>> | undefined;
}

export interface TenantOptions {
  /** Default 1. */
  readonly weight?: number | undefined;
  /** Starts of this tenant. Default: none. */
  readonly rate?: RateLimit | undefined;
}

/** Options of `createPool`. */
export interface PoolOptions extends RequestDefaults, PoolLimits {
  /** Number of workers. Default 2. */
  readonly workers?: number | undefined;
  /**
   * Where workers run: `'inline'`, the default, in the caller's thread; `'thread'` each in a thread
   * of its own, which can crash or hang without harm to anybody else (W5).
   */
  readonly isolation?: 'inline' | 'thread' | undefined;
  /** With `isolation: 'thread'`: what the threads are like. */
  readonly thread?: ThreadOptions | undefined;
  /**
   * With `isolation: 'thread'`: a thread that is silent for so long is killed (W4). One that does not
   * come up in that time gets no work until it does, what it was given moves on unseen, and it is
   * killed, whether or not it was given anything, when it has had at least five seconds for it, or
   * ten after one that needed longer. In milliseconds. Default 5000.
   */
  readonly wedgeTimeout?: number | undefined;
  /**
   * Which of the workers with room takes an exchange. `'affinity'`, the default: the one that has a
   * connection to the origin idle, else the least busy. `'least-busy'`. `'random'`: the less busy
   * of two drawn by chance. With a `dispatcher` of your own connections are not known.
   */
  readonly select?: 'affinity' | 'least-busy' | 'random' | undefined;
  /** Restarts of workers within `restartWindow` before the pool fails (W3). Default 5. */
  readonly maxRestarts?: number | undefined;
  /** Milliseconds over which restarts are counted (W3). Default 60 000. */
  readonly restartWindow?: number | undefined;
  /** The transport of each worker, made anew at each start; the pool closes it (I2). */
  readonly dispatcher?: ((worker: { readonly id: number }) => Dispatcher) | undefined;
}
