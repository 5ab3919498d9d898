/** Clauses H1 and P3 at the surface: what is wrong is thrown at the call, and nothing was started. */

import diagnostics from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type {
  CallerPool,
  Pool,
  RequestOptions,
  RequestOptionsWithUrl,
} from '../../../src/index.ts';
import { createPool, RequestError } from '../../../src/index.ts';
import { type EchoServer, echoServer } from '../../helpers/echo-server.ts';

let server: EchoServer;
let pool: Pool;

beforeEach(async () => {
  server = await echoServer();
  pool = createPool();
});

afterEach(async () => {
  await pool.close();
  await server.close();
});

const VERBS = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete'] as const;

/** What a call throws; it has to be one error of bad options. */
function refusal(act: () => unknown): RequestError {
  try {
    act();
  } catch (error) {
    if (error instanceof RequestError && error.code === 'ERR_BAD_OPTIONS') return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function optionsIn(act: () => unknown): readonly string[] {
  return (refusal(act).issues ?? []).map(({ option }) => option).sort();
}

/** Wrong on purpose, which the types would not let pass. */
function wrong(options: object): RequestOptionsWithUrl & RequestOptions {
  return options as RequestOptionsWithUrl;
}

test('H1 several bad options are reported together, and nothing is sent', async () => {
  const options = { url: server.url('/echo'), method: 'A\r\nB', timeout: 0, body: 7, nope: 1 };
  const error = refusal(() => pool.request(wrong(options)));
  expect(error.issues?.map(({ option }) => option)).toEqual(['method', 'timeout', 'nope', 'body']);
  expect(error.message).toMatch(/^bad options: method: .*; timeout: .*; nope: .*; body: /);
  expect(error).toMatchObject({ ref: undefined, sent: false, retryable: false });
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, totals: { done: 0, error: {} } });
  await pool.close();
  expect(server.connections).toBe(0);
});

test.each(VERBS)('H1 %s reports a second method together with the rest', (verb) => {
  const options = wrong({ method: 'TRACE', idleTimeout: -1, nope: 1 });
  const issues = ['idleTimeout', 'method', 'nope', 'url'];
  expect(optionsIn(() => pool[verb]('ftp://a.test/', options))).toEqual(issues);
  using scope = pool.withCaller();
  expect(optionsIn(() => scope[verb]('ftp://a.test/', options))).toEqual(issues);
});

test.each(VERBS)('H1 %s takes its own method, and no second URL', async (verb) => {
  const handle = pool[verb](server.url('/echo'), { method: verb.toUpperCase() });
  expect((await pool.await(handle)).status).toBe(200);
  expect(server.records[0]?.method).toBe(verb.toUpperCase());
  expect(optionsIn(() => pool[verb](server.url('/echo'), wrong({ url: server.origin })))).toEqual([
    'url',
  ]);
});

test('H1 a scope reports a second caller together with the rest', () => {
  using scope: CallerPool = pool.withCaller();
  const options = wrong({ caller: new AbortController().signal, nope: 1 });
  expect(optionsIn(() => scope.get('/path', options))).toEqual(['caller', 'nope', 'url']);
  expect(optionsIn(() => scope.request(wrong({ ...options, url: server.origin })))).toEqual([
    'caller',
    'nope',
  ]);
});

test.each([null, 7, 'text', [], () => {}])('H1 options given as %s are refused by all', (given) => {
  // Wrong on purpose.
  const options = given as unknown as RequestOptionsWithUrl;
  using scope = pool.withCaller();
  expect(optionsIn(() => pool.request(options))).toEqual(['options', 'url']);
  expect(optionsIn(() => scope.request(options))).toEqual(['options', 'url']);
  for (const verb of VERBS) {
    expect(optionsIn(() => pool[verb](server.origin, options))).toEqual(['options']);
    expect(optionsIn(() => scope[verb](server.origin, options))).toEqual(['options']);
  }
});

test('H1 the bad options of the other calls are reported the same way', async () => {
  const handle = pool.get(server.url('/echo'));
  const badOptions = (issues: readonly string[]) => ({
    code: 'ERR_BAD_OPTIONS',
    issues: issues.map((option) => expect.objectContaining({ option })),
  });
  const waits = wrong({ timeout: 0, signal: {}, nope: 1 });
  await expect(pool.await(handle, waits)).rejects.toMatchObject(
    badOptions(['timeout', 'signal', 'nope']),
  );
  await expect(pool.receive(handle, wrong({ timeout: -1, signal: {} }))).rejects.toMatchObject(
    badOptions(['timeout', 'signal']),
  );
  await expect(pool.close(wrong({ timeout: '5', now: true }))).rejects.toMatchObject(
    badOptions(['timeout', 'now']),
  );
  const trailers = { trailers: { 'x-a': '1' } };
  await expect(pool.finishBody(handle, trailers)).rejects.toMatchObject(badOptions(['trailers']));
  for (const bytes of [0, -1, Number.NaN, '5', null, undefined]) {
    expect(optionsIn(() => pool.updateFlow(handle, bytes as number))).toEqual(['bytes']);
  }
  for (const id of [0, 3, -1, 1.5, '1', null]) {
    expect(optionsIn(() => pool.killWorker(id as number))).toEqual(['id']);
  }
  for (const caller of [7, 'me', {}, new AbortController(), null]) {
    expect(optionsIn(() => pool.withCaller(caller as unknown as AbortSignal))).toEqual(['caller']);
  }
  expect((await pool.await(handle)).status).toBe(200);
});

test('P3 a pool with bad options starts nothing', () => {
  let created = 0;
  const dispatcher = () => {
    created += 1;
    throw new Error('a worker was started');
  };
  const options = { workers: 0, queueLimit: -1, nope: 1, dispatcher };
  expect(optionsIn(() => createPool(options))).toEqual(['nope', 'queueLimit', 'workers']);
  expect(created).toBe(0);
});

test('H1 a request opens no socket before the call has returned', async () => {
  const opened: unknown[] = [];
  const onSocket = (message: unknown): void => void opened.push(message);
  diagnostics.subscribe('net.client.socket', onSocket);
  try {
    const handle = pool.get(server.url('/echo'));
    expect(opened).toHaveLength(0);
    await pool.await(handle);
    expect(opened).toHaveLength(1);
  } finally {
    diagnostics.unsubscribe('net.client.socket', onSocket);
  }
});
