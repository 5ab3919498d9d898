/**
 * The grammar of what a caller receives: per exchange, in this order,
 *
 *     status?  data*  ( done | error )
 *
 * Invariant: exactly one `done` or `error`, and nothing after it (clause H3). Without `stream`
 * only that last message is delivered, a `done` then carries the whole response (M3).
 */

import type { PlainError, RequestError } from './errors.ts';

/** Names in lower case; a string, or an array where the header was repeated (clause N12). */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Who ended a request body, and whether all of it went out as its caller asked (clause U9). */
export interface UploadOutcome {
  readonly complete: boolean;
  /** Bytes of the body handed to the transport. */
  readonly bytesSent: number;
  readonly endedBy: 'caller' | 'caller_death' | 'response' | 'failure';
}

/** What one exchange cost (clause S1). Times in milliseconds, sizes in bytes, both of the body. */
export interface Metrics {
  /** From `request` to admission. */
  readonly queued: number;
  /** `undefined`, like `connect` and `tls`, where a connection was reused or there was no such step. */
  readonly dns: number | undefined;
  readonly connect: number | undefined;
  readonly tls: number | undefined;
  /** From admission to the response headers. */
  readonly firstByte: number | undefined;
  /** From `request` to the terminal message. */
  readonly total: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Id of the worker, `undefined` when none was reached. */
  readonly worker: number | undefined;
  readonly attempts: number;
  readonly redirects: number;
  /** Whether the connection had carried another request before; `undefined` when never connected. */
  readonly reusedConnection: boolean | undefined;
}

export type HttpVersion = '1.1' | '2';

/**
 * A whole response (clause A1). HTTP error statuses are responses, not errors (A4).
 * `body` holds the bytes as they came over the wire and is the receiver's to keep.
 */
export interface PoolResponse {
  readonly ref: string;
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** Names and values in turn, in their order and case on the wire. */
  readonly rawHeaders: readonly string[];
  readonly trailers: ResponseHeaders;
  readonly body: Uint8Array;
  readonly httpVersion: HttpVersion;
  readonly url: string;
  readonly redirects: readonly string[];
  readonly upload: UploadOutcome | undefined;
  readonly metrics: Metrics;
  /** The body decoded as UTF-8; a byte order mark is dropped. */
  text(): string;
  /** `JSON.parse(text())`; throws its `SyntaxError`. */
  json(): unknown;
}

/** A response as it crosses a `MessagePort`: the same without methods (clause M7). */
export type PlainResponse = Omit<PoolResponse, 'text' | 'json'>;

/** The response headers, as soon as they are there (clause H4). */
export interface StatusMessage {
  readonly type: 'status';
  readonly ref: string;
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly rawHeaders: readonly string[];
  readonly httpVersion: HttpVersion;
}

/** Bytes of the response body, never empty; the receiver may keep them (clause M6). */
export interface DataMessage {
  readonly type: 'data';
  readonly ref: string;
  readonly chunk: Uint8Array;
}

/** The exchange ended well. `response` is there without `stream` (clause M3). */
export interface DoneMessage {
  readonly type: 'done';
  readonly ref: string;
  readonly trailers: ResponseHeaders;
  readonly upload: UploadOutcome | undefined;
  readonly metrics: Metrics;
  readonly response?: PoolResponse;
}

/** The exchange failed, or was ended. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly ref: string;
  readonly error: RequestError;
  readonly upload: UploadOutcome | undefined;
  readonly metrics: Metrics;
}

/** What a mailbox, a function or an actor receives. */
export type Message = StatusMessage | DataMessage | DoneMessage | ErrorMessage;

/** The last message of every exchange. */
export type TerminalMessage = DoneMessage | ErrorMessage;

/** What a `MessagePort` receives: plain data (clause M7). */
export type PlainMessage =
  | StatusMessage
  | DataMessage
  | (Omit<DoneMessage, 'response'> & { readonly response?: PlainResponse })
  | (Omit<ErrorMessage, 'error'> & { readonly error: PlainError });
