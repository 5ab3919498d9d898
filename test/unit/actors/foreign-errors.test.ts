import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  type FailurePoint,
  hidePeerBytes,
  mapForeignError,
} from '../../../src/actors/foreign-errors.ts';

const CONNECTING: FailurePoint = {
  started: false,
  headReceived: false,
  uploading: false,
  isTls: false,
};
const HANDSHAKING: FailurePoint = { ...CONNECTING, isTls: true };
const WAITING: FailurePoint = { ...CONNECTING, started: true };
const UPLOADING: FailurePoint = { ...WAITING, uploading: true };
const RECEIVING: FailurePoint = { ...WAITING, headReceived: true };

function failure(code: string | undefined, message = 'it broke'): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

function http2Failure(http2ErrorCode: number): Error {
  return Object.assign(new Error('stream error'), { code: 'UND_ERR_INFO', http2ErrorCode });
}

describe('E errors of the connect', () => {
  test.each([
    ['ECONNREFUSED', 'ERR_CONNECT', 'connect'],
    ['EHOSTUNREACH', 'ERR_CONNECT', 'connect'],
    ['ENETUNREACH', 'ERR_CONNECT', 'connect'],
    ['EADDRNOTAVAIL', 'ERR_CONNECT', 'connect'],
    ['EMFILE', 'ERR_CONNECT', 'connect'],
    ['ENOENT', 'ERR_CONNECT', 'connect'],
    ['ECONNRESET', 'ERR_CONNECT', 'connect'],
    ['ETIMEDOUT', 'ERR_CONNECT_TIMEOUT', 'connect'],
    ['UND_ERR_CONNECT_TIMEOUT', 'ERR_CONNECT_TIMEOUT', 'connect'],
    ['ENOTFOUND', 'ERR_RESOLVE', 'dns'],
    ['EAI_AGAIN', 'ERR_RESOLVE', 'dns'],
    ['ESERVFAIL', 'ERR_RESOLVE', 'dns'],
    ['UND_ERR_PRX_TLS', 'ERR_PROXY', 'connect'],
  ])('E %s is %s in phase %s', (foreign, code, phase) => {
    expect(mapForeignError(failure(foreign), CONNECTING)).toEqual({ code, phase });
  });

  test.each([
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    'EPROTO',
    'ECONNRESET',
  ])('E %s in a handshake is ERR_TLS', (foreign) => {
    expect(mapForeignError(failure(foreign), HANDSHAKING)).toEqual({
      code: 'ERR_TLS',
      phase: 'tls',
    });
  });

  test('E a refused connection is ERR_CONNECT for https too', () => {
    const failed = { code: 'ERR_CONNECT', phase: 'connect' };
    expect(mapForeignError(failure('ECONNREFUSED'), HANDSHAKING)).toEqual(failed);
  });

  test.each([
    ['connect', 'ETIMEDOUT', 'ERR_CONNECT_TIMEOUT', 'connect'],
    ['connect', 'EAFNOSUPPORT', 'ERR_CONNECT', 'connect'],
    ['getaddrinfo', 'EAI_SYSTEM', 'ERR_RESOLVE', 'dns'],
    ['read', 'ECONNRESET', 'ERR_TLS', 'tls'],
  ])('E a failed %s call (%s) of an https request is %s', (syscall, foreign, code, phase) => {
    const failed = Object.assign(failure(foreign), { syscall });
    expect(mapForeignError(failed, HANDSHAKING)).toEqual({ code, phase });
    const attempts = new AggregateError([failed]);
    expect(mapForeignError(attempts, HANDSHAKING)).toEqual({ code, phase });
  });

  test('E the attempts behind one failed connect tell its code', () => {
    const attempts = new AggregateError([failure('ECONNREFUSED'), failure('ENETUNREACH')]);
    const failed = { code: 'ERR_CONNECT', phase: 'connect' };
    expect(mapForeignError(attempts, CONNECTING)).toEqual(failed);
  });

  test('E the cause tells the code of an error that has none', () => {
    const wrapped = new Error('fetch failed', { cause: failure('ENOTFOUND') });
    expect(mapForeignError(wrapped, CONNECTING)).toEqual({ code: 'ERR_RESOLVE', phase: 'dns' });
  });
});

describe('E errors of a connection', () => {
  test.each([
    ['before the headers', WAITING, 'ERR_SOCKET', 'headers'],
    ['during the upload', UPLOADING, 'ERR_SOCKET', 'upload'],
    ['in the body', RECEIVING, 'ERR_TRUNCATED', 'body'],
  ] as const)('E a reset %s has its own code and phase', (_when, point, code, phase) => {
    for (const foreign of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ETIMEDOUT', 'EACCES']) {
      expect(mapForeignError(failure(foreign), point)).toEqual({ code, phase });
    }
  });

  test.each([
    ['nothing that is known', failure('E_NEW_IN_UNDICI_99')],
    ['no code', failure(undefined)],
    ['no error at all', 'text'],
    ['undefined', undefined],
    ['null', null],
    ['the name of a method of every object', failure('constructor')],
  ])('E %s breaks the exchange where it stands', (_name, error) => {
    expect(mapForeignError(error, CONNECTING).code).toBe('ERR_CONNECT');
    expect(mapForeignError(error, HANDSHAKING).code).toBe('ERR_TLS');
    expect(mapForeignError(error, WAITING).code).toBe('ERR_SOCKET');
    expect(mapForeignError(error, RECEIVING).code).toBe('ERR_TRUNCATED');
  });
});

describe('E errors of the message', () => {
  test.each([
    ['HPE_INVALID_CONSTANT', WAITING, 'ERR_PROTOCOL', 'headers'],
    ['HPE_INVALID_CHUNK_SIZE', RECEIVING, 'ERR_PROTOCOL', 'body'],
    ['HPE_INVALID_EOF_STATE', RECEIVING, 'ERR_TRUNCATED', 'body'],
    ['HPE_INVALID_EOF_STATE', WAITING, 'ERR_SOCKET', 'headers'],
    ['UND_ERR_HEADERS_OVERFLOW', WAITING, 'ERR_PROTOCOL', 'headers'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', RECEIVING, 'ERR_TRUNCATED', 'body'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', WAITING, 'ERR_PROTOCOL', 'headers'],
    ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', UPLOADING, 'ERR_BODY_LENGTH', 'upload'],
    ['UND_ERR_RES_EXCEEDED_MAX_SIZE', RECEIVING, 'ERR_TOO_LARGE', 'body'],
    ['UND_ERR_HEADERS_TIMEOUT', WAITING, 'ERR_HEADERS_TIMEOUT', 'headers'],
    ['UND_ERR_BODY_TIMEOUT', RECEIVING, 'ERR_IDLE_TIMEOUT', 'body'],
    ['ERR_HTTP2_ERROR', WAITING, 'ERR_PROTOCOL', 'headers'],
  ] as const)('E %s is told by its code and the point', (foreign, point, code, phase) => {
    expect(mapForeignError(failure(foreign), point)).toEqual({ code, phase });
  });

  test('E an assertion of undici blames the peer where that has just answered, and nobody else', () => {
    const assertion = failure('ERR_ASSERTION', 'statusCode >= 100');
    expect(mapForeignError(assertion, WAITING).code).toBe('ERR_PROTOCOL');
    expect(mapForeignError(assertion, CONNECTING).code).toBe('ERR_CONNECT');
    expect(mapForeignError(assertion, RECEIVING).code).toBe('ERR_TRUNCATED');
  });

  test.each(['bad response', 'bad upgrade'])('E "%s" is the peer breaking the protocol', (text) => {
    expect(mapForeignError(failure('UND_ERR_SOCKET', text), WAITING).code).toBe('ERR_PROTOCOL');
  });

  test.each([1, 3, 6, 9])('E HTTP/2 error %i blames the peer', (code) => {
    expect(mapForeignError(http2Failure(code), WAITING).code).toBe('ERR_PROTOCOL');
  });

  test.each([0, 2, 5, 7, 8, 11])('E HTTP/2 error %i only breaks the exchange', (code) => {
    expect(mapForeignError(http2Failure(code), WAITING).code).toBe('ERR_SOCKET');
    expect(mapForeignError(http2Failure(code), RECEIVING).code).toBe('ERR_TRUNCATED');
  });
});

test('S3 what the peer said stays in the error and out of what is printed', () => {
  const error = Object.assign(failure('HPE_INVALID_HEADER_TOKEN'), { data: 'set-cookie: sid=1' });
  hidePeerBytes(error);
  expect(error.data).toBe('set-cookie: sid=1');
  expect(JSON.stringify(error)).not.toContain('sid');
  expect(inspect(error)).not.toContain('sid');
  for (const other of [undefined, null, 'text', {}, Object.freeze(failure('E', 'x'))]) {
    expect(() => hidePeerBytes(other)).not.toThrow();
  }
});
