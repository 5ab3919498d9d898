/** Clause H5: options that contradict each other or the method, and what is no contradiction. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, Pool, PoolOptions, RequestOptions } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { type EchoServer, echoServer } from '../../helpers/echo-server.ts';

let server: EchoServer;
let pool: Pool;

beforeEach(async () => {
  server = await echoServer();
  pool = createPool();
});

afterEach(async () => {
  await pool.close();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  await server.close();
});

function ask(options: RequestOptions): AsyncHandle {
  return pool.request({ url: server.url('/echo'), ...options });
}

const streamBody = true;
const LENGTH = 'headers.content-length';
const length = (value: string | number) => ({ 'content-length': value });

test.each<[string, RequestOptions, string]>([
  ['body and streamBody', { method: 'POST', body: 'a', streamBody }, 'body'],
  ['an empty body and streamBody', { method: 'POST', body: '', streamBody }, 'body'],
  ['a body on GET', { body: 'a' }, 'body'],
  ['an empty body on GET', { body: '' }, 'body'],
  ['a body on head', { method: 'head', body: 'a' }, 'body'],
  ['a source on TRACE', { method: 'TRACE', body: ['a'] }, 'body'],
  ['streamBody on GET', { streamBody }, 'streamBody'],
  ['streamBody on HEAD', { method: 'HEAD', streamBody }, 'streamBody'],
  ['window without stream', { window: 5 }, 'window'],
  ['window with stream: false', { window: 5, stream: false }, 'window'],
  ['a tunnel', { method: 'CONNECT' }, 'method'],
  ['a length that is not the body’s', { method: 'PUT', body: 'abc', headers: length(4) }, LENGTH],
  ['a length of 0 with a body', { method: 'PUT', body: 'abc', headers: length('0') }, LENGTH],
  ['a length without a body', { method: 'PUT', headers: length(4) }, LENGTH],
  ['a length on GET', { headers: length(4) }, LENGTH],
  [
    'a length that is not the Blob’s',
    { method: 'PUT', body: new Blob(['abc']), headers: length(4) },
    LENGTH,
  ],
  ['a negative length', { method: 'POST', streamBody, headers: length(-1) }, LENGTH],
  ['a broken length', { method: 'POST', streamBody, headers: length(1.5) }, LENGTH],
  ['an empty length', { method: 'POST', streamBody, headers: length('') }, LENGTH],
  ['a length in words', { method: 'POST', streamBody, headers: length('0x10') }, LENGTH],
  ['a length with a sign', { method: 'POST', streamBody, headers: length('+3') }, LENGTH],
  ['a list of lengths', { method: 'POST', streamBody, headers: length('3, 3') }, LENGTH],
])('H5 %s is a bad option', (_name, options, option) => {
  expect(() => ask(options)).toThrow(
    expect.objectContaining({
      code: 'ERR_BAD_OPTIONS',
      issues: [{ option, problem: expect.any(String) }],
    }),
  );
});

test('H5 each contradiction of a request is reported', () => {
  const options = { body: 'abc', streamBody, window: 5, headers: length(4) };
  const issues = ['body', 'body', 'window', LENGTH].map((option) => ({
    option,
    problem: expect.any(String),
  }));
  expect(() => ask(options)).toThrow(expect.objectContaining({ issues }));
});

test.each<[string, RequestOptions, number]>([
  ['a length that is the body’s', { method: 'PUT', body: 'h\u00efh', headers: length('4') }, 4],
  ['a length of 0 without a body', { method: 'POST', headers: length(0) }, 0],
  ['an empty body', { method: 'POST', body: '' }, 0],
  ['a body on DELETE', { method: 'DELETE', body: 'abc' }, 3],
  ['a body on OPTIONS', { method: 'OPTIONS', body: 'abc' }, 3],
  ['a method in small letters', { method: 'put', body: 'abc' }, 3],
  ['stream with a body', { method: 'POST', stream: true, window: 1, body: 'abc' }, 3],
  ['absent options', { method: 'POST', body: 'abc', streamBody: undefined, window: undefined }, 3],
])('H5 %s is no contradiction', async (_name, options, bytes) => {
  const response = await pool.await(ask(options));
  expect(response.body).toHaveLength(bytes);
  expect(server.records).toHaveLength(1);
  if (bytes > 0) expect(server.records[0]?.headers['content-length']).toBe(String(bytes));
});

test.each<[string, PoolOptions, RequestOptions]>([
  ['streamBody', { streamBody: true }, {}],
  ['streamBody', { streamBody: true }, { method: 'POST', body: 'abc' }],
  ['window', { window: 5 }, {}],
  ['stream and window', { stream: true, window: 5 }, { stream: false }],
])('H5 %s for a whole pool contradicts no request of its own (%#)', async (_name, own, options) => {
  await using other = createPool(own);
  const response = await other.await(other.request({ url: server.url('/echo'), ...options }));
  expect(response.status).toBe(200);
});

const { POSITIVE_INFINITY } = Number;
test('H5 Infinity switches every limit off', async () => {
  const handle = ask({
    stream: true,
    window: POSITIVE_INFINITY,
    timeout: POSITIVE_INFINITY,
    connectTimeout: POSITIVE_INFINITY,
    headersTimeout: POSITIVE_INFINITY,
    idleTimeout: POSITIVE_INFINITY,
    queueTimeout: POSITIVE_INFINITY,
    uploadBuffer: POSITIVE_INFINITY,
    maxResponseBytes: POSITIVE_INFINITY,
  });
  expect((await pool.await(handle)).status).toBe(200);
});
