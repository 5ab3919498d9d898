/**
 * The one error class of the package and the closed table of its codes.
 *
 * Invariant: every error a user can meet is a `RequestError` whose `code` stands in `ERROR_CODES`;
 * its text never carries a secret (no URL beyond the origin, no header value). What undici or Node
 * said is kept whole in `cause`; the mapping from there to a code lives in `actors/foreign-errors`.
 */

import { own, ownOptions, said } from './own-options.ts';

/** Where an exchange was when it failed (contract, clause E). */
export type Phase = 'queue' | 'dns' | 'connect' | 'tls' | 'upload' | 'headers' | 'body';

/** One thing wrong with the options of a call (clauses H1, P3). */
export interface OptionIssue {
  /** Dotted name of the option, as the caller wrote it. */
  readonly option: string;
  /** What is wrong: the value seen and the range allowed. */
  readonly problem: string;
}

/**
 * Every code with its default text, and whether the same request may be sent again when not one
 * byte of it reached the wire or its method is idempotent (`again`).
 */
export const ERROR_CODES = {
  ERR_BAD_OPTIONS: { text: 'bad options', again: false },
  ERR_UNKNOWN_HANDLE: { text: 'no exchange of this pool has this handle', again: false },
  ERR_OVERLOAD: { text: 'the admission queue is full', again: true },
  ERR_ADMISSION_TIMEOUT: { text: 'not admitted within queueTimeout', again: true },
  ERR_AWAIT_TIMEOUT: { text: 'not ended within the timeout of await', again: false },
  ERR_TIMEOUT: { text: 'not ended within timeout', again: true },
  ERR_CONNECT_TIMEOUT: { text: 'not connected within connectTimeout', again: true },
  ERR_HEADERS_TIMEOUT: { text: 'no response headers within headersTimeout', again: true },
  ERR_IDLE_TIMEOUT: { text: 'no progress within idleTimeout', again: true },
  ERR_CANCELLED: { text: 'cancelled', again: false },
  ERR_CALLER_DIED: { text: 'the caller died', again: false },
  ERR_WORKER_DIED: { text: 'the worker died', again: true },
  ERR_POOL_CLOSED: { text: 'the pool is closed', again: false },
  ERR_POOL_DESTROYED: { text: 'the pool was destroyed', again: false },
  ERR_POOL_FAILED: { text: 'the pool failed: its workers died too often', again: false },
  ERR_RESOLVE: { text: 'the host name could not be resolved', again: true },
  ERR_CONNECT: { text: 'no connection could be made', again: true },
  ERR_TLS: { text: 'the TLS handshake failed', again: true },
  ERR_PROXY: { text: 'the proxy refused the request', again: true },
  ERR_BLOCKED_ADDRESS: { text: 'the address is not allowed', again: false },
  ERR_SOCKET: { text: 'the connection broke before the response', again: true },
  ERR_PROTOCOL: { text: 'the peer broke the protocol', again: true },
  ERR_TRUNCATED: { text: 'the response broke off', again: true },
  ERR_BODY_LENGTH: { text: 'the body does not match its content-length', again: false },
  ERR_TOO_LARGE: { text: 'the response is larger than maxResponseBytes', again: false },
  ERR_DECODE: { text: 'the response could not be decoded', again: true },
  ERR_TOO_MANY_REDIRECTS: { text: 'too many redirects', again: false },
  ERR_REDIRECT: { text: 'the redirect cannot be followed', again: false },
  ERR_UNREPLAYABLE_BODY: { text: 'the body cannot be sent a second time', again: false },
  ERR_WOULD_BLOCK: { text: 'this thread may not be blocked here', again: false },
} as const;

/** One of the codes of clause E. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a `RequestError` tells beside its code; all of it optional. */
export interface ErrorDetails {
  readonly message?: string | undefined;
  readonly phase?: Phase | undefined;
  readonly ref?: string | undefined;
  readonly method?: string | undefined;
  /** Scheme, host and port: never a path, a query or userinfo. */
  readonly origin?: string | undefined;
  readonly sent?: boolean | undefined;
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
  readonly issues?: readonly OptionIssue[];
}

/** The plain form in which an error crosses a `MessagePort` (clause M7). */
export interface PlainError {
  readonly name: 'RequestError';
  readonly message: string;
  readonly code: ErrorCode;
  readonly phase: Phase | undefined;
  readonly ref: string | undefined;
  readonly method: string | undefined;
  readonly origin: string | undefined;
  readonly sent: boolean;
  readonly retryable: boolean;
  readonly cause:
    | { readonly name: string; readonly code?: string; readonly message: string }
    | undefined;
  /** Only with `ERR_BAD_OPTIONS`. */
  readonly issues?: readonly OptionIssue[];
}

/**
 * The error of every failed call and exchange (contract, clause E).
 *
 * `code` is the stable name to switch on. `sent` says whether bytes of the request reached the
 * wire, `retryable` whether it is safe to send the same request again. `cause` is undici's or
 * Node's own error, whole, or the reason given to `cancel` or an `AbortSignal`. `issues` is there
 * only for `ERR_BAD_OPTIONS`.
 */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code: ErrorCode;
  readonly phase: Phase | undefined;
  readonly ref: string | undefined;
  readonly method: string | undefined;
  readonly origin: string | undefined;
  readonly sent: boolean;
  readonly retryable: boolean;
  declare readonly issues?: readonly OptionIssue[];

  constructor(code: ErrorCode, given: ErrorDetails = {}) {
    const details = ownOptions(given);
    const text = details.message ?? ERROR_CODES[code].text;
    super(text, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.phase = details.phase;
    this.ref = details.ref;
    this.method = details.method;
    this.origin = details.origin;
    this.sent = details.sent ?? false;
    this.retryable = details.retryable ?? false;
    if (details.issues !== undefined) this.issues = details.issues;
  }

  /** The error as plain data, for a structured clone or a log line. Secrets are in no field. */
  toJSON(): PlainError {
    const issues = Object.hasOwn(this, 'issues') ? this.issues : undefined;
    return {
      name: this.name,
      message: this.message,
      code: this.code,
      phase: this.phase,
      ref: this.ref,
      method: this.method,
      origin: this.origin,
      sent: this.sent,
      retryable: this.retryable,
      cause: plainCause(own(this, 'cause')),
      ...(issues === undefined ? {} : { issues }),
    };
  }
}

/**
 * The error of an exchange, for its terminal message. It has no stack: that would lead to the timer
 * or socket that ended the exchange, not to whoever asked for it, and costs more than all the rest of
 * an end.
 */
export function exchangeError(code: ErrorCode, details: ErrorDetails): RequestError {
  const { stackTraceLimit } = Error;
  // As Node does; where it cannot be set the error has its stack.
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return new RequestError(code, details);
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

/** One error for all the issues of a call; the text lists each (clause H1). */
export function badOptions(issues: readonly OptionIssue[]): RequestError {
  const list = issues.map(({ option, problem }) => `${option}: ${problem}`).join('; ');
  return new RequestError('ERR_BAD_OPTIONS', { message: `bad options: ${list}`, issues });
}

function plainCause(cause: unknown): PlainError['cause'] {
  if (cause === undefined) return undefined;
  try {
    if (!(cause instanceof Error)) return { name: 'Reason', message: String(cause) };
    const causeCode = said(cause, 'code');
    const code = typeof causeCode === 'string' ? { code: causeCode } : {};
    return { name: String(cause.name), message: String(cause.message), ...code };
  } catch {
    // A cause is the user's own: it may be anything, also what has no text or throws when asked.
    return { name: 'Reason', message: typeof cause };
  }
}
