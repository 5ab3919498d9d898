/**
 * Options as the inside knows them, checked and filled, and the defaults they are filled with.
 *
 * Invariant: `pool/validate-pool`, `pool/validate-limits` and `pool/validate-request` are their only
 * makers, so behind those nothing is checked a second time.
 */

import type { Dispatcher } from 'undici';
import type { BodyChunk, Caller, RateLimit, ReplyTo, ThreadOptions } from './options.ts';

/** `RequestDefaults` with every gap filled; `undefined` where the default depends on the request. */
export interface ResolvedDefaults {
  readonly headers: readonly string[];
  readonly stream: boolean;
  readonly streamBody: boolean;
  readonly onCallerDeath: 'finish' | 'cancel';
  readonly window: number | undefined;
  readonly timeout: number | undefined;
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly idleTimeout: number;
  readonly queueTimeout: number;
  readonly tenant: string;
  readonly priority: number;
  readonly minThroughput: { readonly bytes: number; readonly interval: number } | undefined;
  readonly uploadBuffer: number;
  readonly maxResponseBytes: number | undefined;
}

/** The limits of a pool, checked and filled. */
export interface ResolvedLimits {
  readonly maxInFlight: number;
  readonly maxPerOrigin: number;
  readonly adaptive: boolean;
  readonly queueLimit: number;
  readonly rate: RateLimit | undefined;
  readonly originRate: RateLimit | undefined;
  readonly tenants: ReadonlyMap<string, ResolvedTenant>;
}

export interface ResolvedTenant {
  readonly weight: number;
  readonly rate: RateLimit | undefined;
}

/** A pool's options, checked and filled. */
export interface ResolvedPool {
  readonly workers: number;
  /** `undefined` for workers that run inline. */
  readonly thread: ThreadOptions | undefined;
  readonly wedgeTimeout: number;
  readonly limits: ResolvedLimits;
  readonly select: 'affinity' | 'least-busy' | 'random';
  readonly maxRestarts: number;
  readonly restartWindow: number;
  readonly dispatcher: ((worker: { readonly id: number }) => Dispatcher) | undefined;
  readonly defaults: ResolvedDefaults;
}

/** A request, checked and filled: all that the inside knows of it. */
export interface ResolvedRequest {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  /** Without userinfo and fragment. */
  readonly url: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** A body that is wholly there. */
  readonly bytes: Uint8Array | undefined;
  /** The same where it came as a string: a transport that matches bodies gets it so (I2). */
  readonly text: string | undefined;
  /** A body that has to be read from somewhere, once. */
  readonly source: AsyncIterable<BodyChunk> | Iterable<BodyChunk> | undefined;
  /** Whether the body goes through an upload channel: `streamBody`, a `source`, or many bytes. */
  readonly upload: boolean;
  /** Whether the body, if there is one, can be sent a second time (R3). */
  readonly replayable: boolean;
  /** Whether the caller itself feeds that channel. */
  readonly streamBody: boolean;
  /** The declared `content-length` of an upload. */
  readonly contentLength: number | undefined;
  readonly stream: boolean;
  readonly replyTo: ReplyTo | undefined;
  readonly caller: Caller | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onCallerDeath: 'finish' | 'cancel';
  readonly window: number;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly queueTimeoutMs: number;
  readonly tenant: string;
  readonly priority: number;
  readonly minThroughput: { readonly bytes: number; readonly interval: number } | undefined;
  readonly uploadBuffer: number;
  readonly maxResponseBytes: number;
}

/** The defaults of the contract's table. */
export const POOL_DEFAULTS = {
  workers: 2,
  select: 'affinity',
  maxRestarts: 5,
  restartWindow: 60_000,
  wedgeTimeout: 5_000,
} as const;

export const DEFAULT_LIMITS: ResolvedLimits = {
  maxInFlight: 128,
  maxPerOrigin: Number.POSITIVE_INFINITY,
  adaptive: false,
  queueLimit: 1_000_000,
  rate: undefined,
  originRate: undefined,
  tenants: new Map(),
};

export const REQUEST_DEFAULTS: ResolvedDefaults = {
  headers: [],
  stream: false,
  streamBody: false,
  onCallerDeath: 'finish',
  window: undefined,
  timeout: undefined,
  connectTimeout: 10_000,
  headersTimeout: 30_000,
  idleTimeout: 30_000,
  queueTimeout: Number.POSITIVE_INFINITY,
  tenant: '',
  priority: 0,
  minThroughput: undefined,
  uploadBuffer: 256 * 1024,
  maxResponseBytes: undefined,
};

/** Default `timeout` of a buffered exchange. */
export const BUFFERED_TIMEOUT_MS = 30_000;
/** Default `maxResponseBytes` of a buffered exchange. */
export const BUFFERED_RESPONSE_BYTES = 64 * 1024 * 1024;
/** Default `window` of a mailbox. */
export const MAILBOX_WINDOW_BYTES = 1024 * 1024;
