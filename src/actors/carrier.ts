/**
 * What stands between the pool and the transport of one worker: a carrier, and for each exchange
 * that runs on it a transfer. Inline both are a call away (`actors/inline-carrier`), in a thread a
 * message away (`actors/thread-carrier`).
 *
 * The pool tells a transfer what to do and hears of it through reports; what a report leads to is
 * the pool's to decide.
 */

import type { EventLoopUtilization } from 'node:perf_hooks';
import type { HttpVersion, ResponseHeaders } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { UploadBody } from './upload-body.ts';

/** Response headers as they came. `rawHeaders` is decoded only when somebody looks at it. */
export interface Head {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly raw: unknown;
  readonly httpVersion: HttpVersion;
}

/** What of a request goes to the transport. */
export type DispatchedRequest = Pick<
  ResolvedRequest,
  'method' | 'origin' | 'path' | 'headers' | 'text' | 'bytes'
>;

/** Where reports go. Past tense: each tells what has happened. */
export interface ExchangeReports {
  /** Bytes of the response that could be received now without a pause after them. */
  readonly room: number;
  /** The memory of a whole body was transferred away in time: nothing of the request has left. */
  bodyGone(): void;
  started(): void;
  /** A response of 1xx came, which is none yet. */
  hinted(): void;
  headReceived(head: Head): void;
  dataReceived(chunk: Uint8Array): void;
  responseEnded(trailers: ResponseHeaders): void;
  /** `error` is undici's or Node's own. */
  exchangeFailed(error: unknown): void;
  /** A transport that throws where it is told something is broken as a whole (W1). */
  transportBroke(error: unknown): void;
}

/** How long the steps of a connect took, in milliseconds; `undefined` for one that was not made. */
export interface ConnectTimes {
  readonly dns: number | undefined;
  readonly connect: number | undefined;
  readonly tls: number | undefined;
}

/** One exchange as it runs on a worker. After `abort` no report is made any more. */
export interface Transfer {
  /** The connection it runs on, where the transport is the worker's own. */
  readonly connection: ConnectTimes | undefined;
  /** Whether that connection had carried another request before. */
  readonly reusedConnection: boolean | undefined;
  /** Whether all that was given to the transport has left it; supposed where nobody can know. */
  readonly flushed: boolean;
  /** Hands the request over; may throw what the transport itself throws. */
  dispatch(request: DispatchedRequest, upload: UploadBody | undefined): void;
  /** Stops reading; the peer feels it. */
  pause(): void;
  resume(): void;
  /** Whether bytes of the request's head can have left. */
  headSent(upload: UploadBody | undefined): boolean;
  /** Reports what has become of the request by now and was not reported yet. */
  catchUp(): void;
  /** Ends it so that the peer sees it: a closed connection, or a reset stream (T3). Idempotent. */
  abort(): void;
}

export interface Carrier {
  /** Whether it could start an exchange now; a thread has to load its modules first. */
  readonly isReady: boolean;
  /** Whether a request to `origin` is best handed over a turn later, with others of this turn. */
  defers(origin: string): boolean;
  /** A transfer that has not been dispatched. */
  transfer(reports: ExchangeReports): Transfer;
  /** Starts nothing any more. */
  halt(): void;
  /** What a thread's event loop has been doing; `undefined` for one that is not its own. */
  eventLoopUtilization(): EventLoopUtilization | undefined;
  /** Closes the connections once nothing runs on them. */
  close(): Promise<void>;
  /** Closes them now. */
  destroy(): Promise<void>;
}
