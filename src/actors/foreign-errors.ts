/**
 * The one place that knows undici's and Node's errors, and what they are called here (clause E).
 *
 * The table goes by the `code` of the error or of the cause nearest to it; texts are looked at only
 * where undici gives two faults the same code. What is unknown becomes `ERR_SOCKET` before the
 * response headers and `ERR_TRUNCATED` behind them: the exchange broke, and `cause` says how.
 *
 * Invariant: nothing is thrown here. A transport of the user's own may give anything for an error:
 * what throws when it is looked at says nothing, and its exchange ends all the same (H3).
 */

import type { ErrorCode, Phase } from '../errors.ts';
import { said } from '../own-options.ts';

/** Where the exchange was when the error came. */
export interface FailurePoint {
  readonly started: boolean;
  readonly headReceived: boolean;
  readonly uploading: boolean;
  readonly isTls: boolean;
}

export interface ForeignFailure {
  readonly code: ErrorCode;
  readonly phase: Phase;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  UND_ERR_CONNECT_TIMEOUT: 'ERR_CONNECT_TIMEOUT',
  UND_ERR_HEADERS_TIMEOUT: 'ERR_HEADERS_TIMEOUT',
  UND_ERR_BODY_TIMEOUT: 'ERR_IDLE_TIMEOUT',
  UND_ERR_HEADERS_OVERFLOW: 'ERR_PROTOCOL',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'ERR_BODY_LENGTH',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ERR_TRUNCATED',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'ERR_TOO_LARGE',
  UND_ERR_INVALID_ARG: 'ERR_BAD_OPTIONS',
  UND_ERR_NOT_SUPPORTED: 'ERR_BAD_OPTIONS',
  UND_ERR_PRX_TLS: 'ERR_PROXY',
  UND_ERR_SOCKS5: 'ERR_PROXY',
  ECONNREFUSED: 'ERR_CONNECT',
  EHOSTUNREACH: 'ERR_CONNECT',
  ENETUNREACH: 'ERR_CONNECT',
  EHOSTDOWN: 'ERR_CONNECT',
  ENETDOWN: 'ERR_CONNECT',
  EADDRNOTAVAIL: 'ERR_CONNECT',
  EADDRINUSE: 'ERR_CONNECT',
  EACCES: 'ERR_CONNECT',
  EPERM: 'ERR_CONNECT',
  ENOENT: 'ERR_CONNECT',
  ETIMEDOUT: 'ERR_CONNECT_TIMEOUT',
  EMFILE: 'ERR_CONNECT',
  ENFILE: 'ERR_CONNECT',
  ENOTFOUND: 'ERR_RESOLVE',
  EAI_AGAIN: 'ERR_RESOLVE',
  EAI_FAIL: 'ERR_RESOLVE',
  EAI_NODATA: 'ERR_RESOLVE',
  ENODATA: 'ERR_RESOLVE',
  ESERVFAIL: 'ERR_RESOLVE',
  EPROTO: 'ERR_TLS',
  HPE_INVALID_EOF_STATE: 'ERR_TRUNCATED',
};

/** OpenSSL's names for a certificate that does not convince, as Node spells them. */
const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERROR_IN_CERT|OUT_OF_MEM$)/;

/** undici gives these the code of any broken socket, or of any notice. */
const PEER_BROKE_PROTOCOL = /^(bad response|bad upgrade|invalid header|HTTP\/2: "frameError")/;

/** What an error of undici or Node means for an exchange at this point. */
export function mapForeignError(error: unknown, point: FailurePoint): ForeignFailure {
  const code = told(() => codeFor(error, point)) ?? codeFor(undefined, point);
  return { code, phase: phaseFor(code, point) };
}

/**
 * What undici's parser could not read stands in its error, and may be a cookie (S3): there it
 * stays, but not for those who print the error.
 */
export function hidePeerBytes(error: unknown): void {
  told(() => {
    if (!(error instanceof Error) || !Object.hasOwn(error, 'data')) return;
    Reflect.defineProperty(error, 'data', { enumerable: false });
  });
}

/** What an error says when it is asked; `undefined` for one that throws. */
function told<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

function codeFor(error: unknown, point: FailurePoint): ErrorCode {
  const foreign = foreignCode(error);
  if (foreign === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' && !point.headReceived) {
    return 'ERR_PROTOCOL';
  }
  const known = Object.hasOwn(CODES, foreign) ? CODES[foreign] : undefined;
  const isOfConnect = known === 'ERR_CONNECT' || foreign === 'ETIMEDOUT';
  if (known !== undefined && !(isOfConnect && point.started)) {
    return known === 'ERR_TRUNCATED' && !point.headReceived ? 'ERR_SOCKET' : known;
  }
  if (CERTIFICATE.test(foreign) || /^ERR_(TLS|SSL|OSSL)_/.test(foreign)) return 'ERR_TLS';
  if (foreign.startsWith('HPE_') || isProtocolFault(error, foreign)) return 'ERR_PROTOCOL';
  // What undici takes for granted of a head, such as a status of 100 at least, it asserts.
  if (foreign === 'ERR_ASSERTION' && point.started && !point.headReceived) return 'ERR_PROTOCOL';
  if (/proxy/i.test(messageOf(error)) && !point.headReceived) return 'ERR_PROXY';
  if (point.headReceived) return 'ERR_TRUNCATED';
  if (point.started) return 'ERR_SOCKET';
  // Node names the call that failed: what it says of TCP or DNS is not the handshake's fault.
  const syscall = syscallOf(error);
  if (syscall === 'connect') return 'ERR_CONNECT';
  if (syscall === 'getaddrinfo') return 'ERR_RESOLVE';
  return point.isTls ? 'ERR_TLS' : 'ERR_CONNECT';
}

/** HTTP/2 errors that blame the peer's framing (RFC 9113, 7): PROTOCOL_ERROR, FLOW_CONTROL_ERROR,
 * FRAME_SIZE_ERROR, COMPRESSION_ERROR. */
const HTTP2_PROTOCOL_CODES = new Set([1, 3, 6, 9]);

function isProtocolFault(error: unknown, foreign: string): boolean {
  if (foreign === 'ERR_HTTP2_ERROR') return true;
  if (PEER_BROKE_PROTOCOL.test(messageOf(error))) return true;
  const http2Code = saidBy(error, 'http2ErrorCode');
  return typeof http2Code === 'number' && HTTP2_PROTOCOL_CODES.has(http2Code);
}

/** Causes of causes are followed this far; they may go in a circle. */
const MOST_CAUSES = 8;

/** The code of the error itself, of the attempts it stands for, or of its cause. */
function foreignCode(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > MOST_CAUSES) return '';
  const code = codeOf(error);
  if (code !== '') return code;
  if (error instanceof AggregateError) return foreignCode(error.errors[0], depth + 1);
  if (error instanceof Error && error.name === 'HTTPParserError') return parserCode(error);
  // What is said around a cause that throws still counts.
  return told(() => foreignCode(saidBy(error, 'cause'), depth + 1)) ?? '';
}

/** undici 8 looks its parser's codes up the wrong way round and leaves `code` undefined. */
function parserCode(error: Error): string {
  return error.message.includes('Invalid EOF state') ? 'HPE_INVALID_EOF_STATE' : 'HPE_STRICT';
}

function syscallOf(error: unknown): unknown {
  return saidBy(error instanceof AggregateError ? error.errors[0] : error, 'syscall');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

function phaseFor(code: ErrorCode, point: FailurePoint): Phase {
  if (point.headReceived) return 'body';
  if (point.started) return point.uploading ? 'upload' : 'headers';
  if (code === 'ERR_RESOLVE') return 'dns';
  return code === 'ERR_TLS' ? 'tls' : 'connect';
}

/** undici says that the dispatcher itself was closed or destroyed behind the worker's back. */
export function isDispatcherGone(error: unknown): boolean {
  const code = told(() => codeOf(error));
  return code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED';
}

/** undici refuses this one request; the dispatcher is fine. */
export function isForeignMisuse(error: unknown): boolean {
  const code = told(() => codeOf(error)) ?? '';
  return /^UND_(ERR|MOCK_ERR)_/.test(code) && !isDispatcherGone(error);
}

/** The code of the error itself. */
function codeOf(error: unknown): string {
  const code = saidBy(error, 'code');
  return typeof code === 'string' ? code : '';
}

function saidBy(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? said(error, name) : undefined;
}
