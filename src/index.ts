/**
 * spool: a supervised pool of worker actors for HTTP.
 *
 * Where a request goes: `pool/request-pool` checks the call and mints a handle; `pool/engine` puts
 * its record into the one map; `pool/admission` finds it a worker or lets it wait; `pool/flight`
 * drives it through `actors/request-lifecycle`, on a worker by `pool/flight-attempt`;
 * `actors/exchange` speaks with undici.
 * Who watches whom: `pool/supervisor` keeps the workers (`actors/worker`), `actors/caller-monitor`
 * the callers and receivers, `pool/deadlines` the clock.
 */

export type { AsyncHandle } from './async-handle.ts';
export type { ErrorCode, OptionIssue, Phase, PlainError } from './errors.ts';
export { ERROR_CODES, RequestError } from './errors.ts';
export type {
  DataMessage,
  DoneMessage,
  ErrorMessage,
  HttpVersion,
  Message,
  Metrics,
  PlainMessage,
  PlainResponse,
  PoolResponse,
  ResponseHeaders,
  StatusMessage,
  TerminalMessage,
  UploadOutcome,
} from './messages.ts';
export type {
  BodyChunk,
  Caller,
  CallerScope,
  PoolLimits,
  PoolOptions,
  RateLimit,
  ReplyTo,
  RequestBody,
  RequestDefaults,
  RequestHeaders,
  RequestOptions,
  RequestOptionsWithUrl,
  TenantOptions,
  WatchableActor,
} from './options.ts';
export type { CallerPool, RequestVerbs } from './pool/caller-pool.ts';
export type { HandleCalls } from './pool/handle-calls.ts';
export type { ConnectedPool } from './pool/port/connected-pool.ts';
export { connectPool } from './pool/port/connected-pool.ts';
export type { SyncRequestOptions, SyncRequests } from './pool/port/sync-requests.ts';
export type { SyncStream } from './pool/port/sync-stream.ts';
export type { Pool } from './pool/request-pool.ts';
export { createPool } from './pool/request-pool.ts';
export type { PoolStats, WorkerStats } from './stats.ts';
