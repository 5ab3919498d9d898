/** Clause N11: what stands on `Object.prototype` changes no request. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pool } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { resolvePool } from '../../../src/pool/validate-pool.ts';
import {
  callOf,
  NO_OPTIONS,
  type RequestCall,
  resolveRequest,
} from '../../../src/pool/validate-request.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

/** Options of requests and pools, and what undici looks for in its own. */
const POLLUTION: Readonly<Record<string, unknown>> = {
  url: 'http://polluted.invalid/',
  method: 'POLLUTED',
  body: 'polluted',
  headers: { 'x-polluted': 'yes' },
  stream: true,
  streamBody: true,
  replyTo: () => {},
  caller: AbortSignal.abort(),
  onCallerDeath: 'cancel',
  window: 1,
  connectTimeout: 1,
  headersTimeout: 1,
  idleTimeout: 1,
  queueTimeout: 1,
  minThroughput: { bytes: 1e9, interval: 1 },
  uploadBuffer: 1,
  maxResponseBytes: 1,
  workers: 7,
  maxInFlight: 1,
  queueLimit: 0,
  maxRestarts: 0,
  dispatcher: () => {
    throw new Error('polluted');
  },
  trailers: { 'x-polluted': 'yes' },
  verb: 'POLLUTED',
  scope: AbortSignal.abort(),
  query: { polluted: 'yes' },
  upgrade: 'polluted',
  idempotent: false,
  blocking: false,
  reset: true,
  expectContinue: true,
  servername: 'polluted.invalid',
  throwOnError: true,
  maxRedirections: 5,
  typeOfService: 1,
  interceptors: [],
  allowH2: false,
  connections: 1,
  pipelining: 0,
  maxHeaderSize: 1,
  maxResponseSize: 1,
  keepAlive: false,
  keepAliveTimeout: 1,
  socketTimeout: 1,
  requestTimeout: 1,
  socketPath: '/polluted',
  tls: { polluted: true },
  bodyTimeout: 1,
};

/** With these Node's own sockets stop working; what they would be to a request is seen without. */
const NODE_BREAKING = { signal: AbortSignal.abort(), timeout: 1, connect: () => {} };

let peer: ScriptedPeer;

beforeEach(async () => {
  peer = await scriptedPeer();
});

afterEach(async () => {
  for (const name of Object.keys({ ...POLLUTION, ...NODE_BREAKING }))
    Reflect.deleteProperty(Object.prototype, name);
  await peer.close();
});

function pollute(name: string, value: unknown = POLLUTION[name]): void {
  Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
}

/** The requests of each kind of call on a pool, as they look on the wire. */
async function requestsOn(pool: Pool): Promise<readonly string[]> {
  using scope = pool.withCaller();
  const handles = [
    pool.get(peer.origin),
    pool.get(`${peer.origin}/a`, {}),
    pool.request({ url: `${peer.origin}/b` }),
    pool.post(`${peer.origin}/c`, { body: 'abc' }),
    scope.get(`${peer.origin}/d`),
    scope.request({ url: `${peer.origin}/e`, headers: { 'x-a': '1' } }),
  ];
  const texts: string[] = [];
  for (const handle of handles) {
    const connection = await peer.connection();
    await connection.readRequest();
    texts.push(connection.text());
    await connection.respond(200, { connection: 'close' }, 'fine');
    const response = await pool.await(handle);
    expect(response.status).toBe(200);
    expect(response.text()).toBe('fine');
  }
  return texts.sort();
}

test.each(Object.keys(POLLUTION))('N11 a polluted %s changes no request', async (name) => {
  const clean = createPool();
  const before = await requestsOn(clean);
  pollute(name);
  expect(await requestsOn(clean)).toEqual(before);
  const polluted = createPool();
  expect(await requestsOn(polluted)).toEqual(before);
  expect(polluted.stats().workers).toHaveLength(2);
  await clean.close();
  await polluted.close();
});

test.each(Object.keys(POLLUTION))('N11 a polluted %s changes no upload', async (name) => {
  pollute(name);
  await using pool = createPool();
  const upload = pool.post(peer.origin, { streamBody: true });
  expect(await pool.sendBody(upload, 'abc')).toBe(true);
  expect(await pool.finishBody(upload)).toBe(true);
  const connection = await peer.connection();
  expect(Buffer.from((await connection.readRequest()).body).toString()).toBe('abc');
  await connection.respond(200, { connection: 'close' });
  expect(await pool.receive(upload)).toMatchObject({ type: 'done', response: { status: 200 } });
  expect((await pool.await(upload)).upload).toMatchObject({ complete: true, bytesSent: 3 });
});

test.each(Object.entries({ ...POLLUTION, ...NODE_BREAKING }))(
  'N11 a polluted %s is no option of any call',
  (name, value) => {
    const calls: readonly RequestCall[] = [
      { url: peer.origin, options: NO_OPTIONS, verb: 'GET', scope: undefined },
      { url: peer.origin, options: {}, verb: undefined, scope: undefined },
      callOf({ url: peer.origin, method: 'POST' }, undefined),
    ];
    const resolve = () => calls.map((call) => resolveRequest(call, resolvePool({}).defaults));
    const [requests, pool] = [resolve(), resolvePool()];
    pollute(name, value);
    expect(resolve()).toEqual(requests);
    expect(resolvePool()).toEqual(pool);
    expect(callOf({}, undefined).url).toBeUndefined();
  },
);
