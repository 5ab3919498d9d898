/**
 * Every way in which an HTTP/1.1 peer can break an exchange that has reached it, and what clause E
 * makes of each.
 */

import type { ErrorCode, Phase } from '../../src/index.ts';
import type { ScriptedConnection } from './scripted-peer.ts';

export interface Http1Failure {
  readonly how: string;
  /** What the peer sends first, for failures behind the headers. */
  readonly begin?: string;
  /** What it does then. */
  readonly script: (connection: ScriptedConnection) => unknown;
  readonly code: ErrorCode;
  readonly phase: Phase;
  /** The code of undici's or Node's own error, or its name where it has none. */
  readonly cause: string | RegExp;
}

/** undici's own parser error; its `code` is `undefined` in undici 8.12. */
const PARSER = /^(HTTPParserError|HPE_\w+)$/;
const TWO_LENGTHS = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
const CUT = /^(UND_ERR_SOCKET|HTTPParserError|HPE_INVALID_EOF_STATE)$/;

const OK = 'HTTP/1.1 200 OK\r\n';
const KNOWN_LENGTH = `${OK}content-length: 10\r\n\r\nabc`;
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

const end = (connection: ScriptedConnection): void => connection.end();
const reset = (connection: ScriptedConnection): void => connection.reset();
const say = (text: string) => (connection: ScriptedConnection) => connection.write(text);
const sayAndEnd = (text: string) => (connection: ScriptedConnection) => {
  void connection.write(text);
  connection.end();
};

const beforeHeaders = (
  how: string,
  script: Http1Failure['script'],
  cause: Http1Failure['cause'],
): Http1Failure => ({ how, script, code: 'ERR_SOCKET', phase: 'headers', cause });

const malformed = (
  how: string,
  text: string,
  cause: Http1Failure['cause'] = PARSER,
): Http1Failure => ({ how, script: say(text), code: 'ERR_PROTOCOL', phase: 'headers', cause });

const inBody = (how: string, begin: string, rest: Partial<Http1Failure>): Http1Failure => ({
  how,
  begin,
  script: end,
  code: 'ERR_TRUNCATED',
  phase: 'body',
  cause: CUT,
  ...rest,
});

export const HTTP1_FAILURES: readonly Http1Failure[] = [
  beforeHeaders('resets before the headers', reset, 'ECONNRESET'),
  beforeHeaders('ends before the headers', end, 'UND_ERR_SOCKET'),
  beforeHeaders('ends inside the status line', sayAndEnd('HTTP/1.1 20'), CUT),
  beforeHeaders('ends inside the headers', sayAndEnd(`${OK}x-a: 1\r\n`), CUT),

  malformed('speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'),
  malformed('sends a status that is no number', 'HTTP/1.1 two OK\r\n\r\n'),
  malformed('sends a status below 100', 'HTTP/1.1 099 Low\r\n\r\n', 'ERR_ASSERTION'),
  malformed('sends a version that does not exist', 'HTTP/7.3 200 OK\r\n\r\n'),
  malformed('sends a header name with a space', `${OK}x a: 1\r\n\r\n`),
  malformed('sends a header value with a NUL', `${OK}x-a: \0\r\n\r\n`),
  malformed(
    'sends headers beyond every limit',
    `${OK}x-a: ${'a'.repeat(64 * 1024)}\r\n\r\n`,
    /^(UND_ERR_HEADERS_OVERFLOW|HTTPParserError)$/,
  ),
  malformed('sends an unasked 100', 'HTTP/1.1 100 Continue\r\n\r\n', 'UND_ERR_SOCKET'),
  malformed(
    'sends an unasked 101',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    'UND_ERR_SOCKET',
  ),
  malformed(
    'sends a 101 without an upgrade',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'ERR_ASSERTION',
  ),
  malformed(
    'sends two different lengths',
    `${OK}content-length: 3\r\ncontent-length: 5\r\n\r\nabc`,
    TWO_LENGTHS,
  ),
  malformed(
    'sends a length and chunks',
    `${OK}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    TWO_LENGTHS,
  ),
  malformed('sends a negative length', `${OK}content-length: -3\r\n\r\nabc`),

  inBody('resets inside a body of known length', KNOWN_LENGTH, {
    script: reset,
    cause: 'ECONNRESET',
  }),
  inBody('ends short of the content-length', KNOWN_LENGTH, {}),
  inBody('resets inside a chunked body', `${CHUNKED}3\r\nabc\r\n`, {
    script: reset,
    cause: 'ECONNRESET',
  }),
  inBody('ends a chunked body without its last chunk', `${CHUNKED}3\r\nabc\r\n`, {}),
  inBody('ends inside a chunk', `${CHUNKED}a\r\nabc`, {}),
  inBody('resets a body that only the close delimits', `${OK}connection: close\r\n\r\nabc`, {
    script: reset,
    cause: 'ECONNRESET',
  }),
  inBody('sends a malformed chunk', CHUNKED, {
    script: say('xyz\r\nabc\r\n'),
    code: 'ERR_PROTOCOL',
    cause: PARSER,
  }),
];
