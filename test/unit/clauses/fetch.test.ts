/** `pool.fetch`, here and over a port: what the platform's own fetch does, through the pool. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectPool, createPool, type HandleCalls, type Pool } from '../../../src/index.ts';
import { gaugesOf, IDLE } from '../../helpers/ends.ts';
import { settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

let server: Server;
let origin: string;

const TEXT = 'some text, again and again, '.repeat(100);
const ENCODED: Readonly<Record<string, readonly [string, Uint8Array]>> = {
  '/gzip': ['gzip', gzipSync(TEXT)],
  '/br': ['br', brotliCompressSync(TEXT)],
  '/deflate': ['deflate', deflateSync(TEXT)],
  '/both': ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
  '/cut': ['gzip', gzipSync(TEXT).subarray(0, 20)],
  '/raw': ['deflate', deflateRawSync(TEXT)],
  '/empty': ['gzip, br', Buffer.alloc(0)],
  '/bomb': ['gzip,'.repeat(2_000).concat('gzip'), gzipSync(TEXT)],
  '/unknown': ['rot13', Buffer.from(TEXT)],
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', origin);
  const encoded = ENCODED[pathname];
  if (encoded !== undefined) {
    response.writeHead(200, { 'content-encoding': encoded[0] });
    if (searchParams.has('open')) response.write(encoded[1]);
    else response.end(encoded[1]);
  } else if (pathname === '/to') {
    const location = searchParams.get('at') ?? '/';
    response.writeHead(Number(searchParams.get('status')), { location });
    if (searchParams.has('open')) response.write('never ends');
    else response.end('moved');
  } else if (pathname === '/status') {
    response.writeHead(Number(searchParams.get('is')), { 'set-cookie': ['a=1', 'b=2'] }).end();
  } else {
    const { method, headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const seen = { method, type: headers['content-type'], auth: headers.authorization };
      const body = Buffer.concat(chunks).toString();
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...seen, length: headers['content-length'], body }));
    });
  }
}

beforeAll(async () => {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const KINDS: Readonly<Record<string, (pool: Pool) => HandleCalls & AsyncDisposable>> = {
  'a pool': (pool) => pool,
  'a connected pool': (pool) => connectPool(pool.port()),
};

describe.each(Object.keys(KINDS))('fetch of %s', (kind) => {
  let pool: Pool;
  let calls: HandleCalls & AsyncDisposable;

  beforeEach(() => {
    pool = createPool({ workers: 1 });
    calls = KINDS[kind]?.(pool) ?? pool;
  });

  afterEach(async () => {
    await calls[Symbol.asyncDispose]();
    await pool.close();
    expect(gaugesOf(pool)).toEqual(IDLE);
  });

  const REQUESTS: Readonly<Record<string, readonly [string, RequestInit?]>> = {
    'a GET': ['/plain?x=1#part'],
    'a HEAD': ['/plain', { method: 'HEAD' }],
    text: ['/plain', { method: 'POST', body: 'tëxt' }],
    bytes: ['/plain', { method: 'PUT', body: new Uint8Array([65, 66]) }],
    'a form': ['/plain', { method: 'POST', body: new URLSearchParams({ a: '1', b: 'é' }) }],
    'a blob': ['/plain', { method: 'POST', body: new Blob(['blob'], { type: 'text/x' }) }],
    'an empty status': ['/status?is=204'],
    'an error status': ['/status?is=503'],
    gzip: ['/gzip'],
    br: ['/br'],
    deflate: ['/deflate'],
    'deflate without its header': ['/raw'],
    'two encodings': ['/both'],
    'nothing, encoded twice': ['/empty'],
    'an encoding that nobody knows': ['/unknown'],
    'a redirect': ['/to?status=302&at=/plain'],
    'a redirect of a POST': ['/to?status=302&at=/plain', { method: 'POST', body: 'x' }],
    'a redirect that keeps the body': ['/to?status=307&at=/plain', { method: 'POST', body: 'x' }],
    'a redirect within the origin': [
      '/to?status=301&at=/plain',
      { headers: { authorization: 'Bearer x' } },
    ],
    'a redirect by hand': ['/to?status=302&at=/plain', { redirect: 'manual' }],
  };

  test.each(Object.keys(REQUESTS))('I answers %s as the platform does', async (name) => {
    const [path, init] = REQUESTS[name] ?? [''];
    const seen = async (response: Response) => ({
      status: response.status,
      statusText: response.statusText,
      ok: response.ok,
      url: response.url,
      redirected: response.redirected,
      hasBody: response.body !== null,
      type: response.headers.get('content-type'),
      cookies: response.headers.getSetCookie(),
      text: await response.text(),
    });
    const ours = await seen(await calls.fetch(origin + path, init));
    expect(ours).toEqual(await seen(await fetch(origin + path, init)));
  });

  test('I takes a Request, and streams its body', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('by and '));
        controller.enqueue(new TextEncoder().encode('by'));
        controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const response = await calls.fetch(new Request(origin, init));
    expect(await response.json()).toMatchObject({ method: 'POST', body: 'by and by' });
  });

  test('I hands over the body as it comes, and ends the exchange when it is cancelled', async () => {
    await using peer = await scriptedPeer();
    const fetched = calls.fetch(peer.origin);
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(200, { 'transfer-encoding': 'chunked' });
    const reader = (await fetched).body?.getReader();
    await connection.writeChunk('first');
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
    await reader?.cancel();
    await connection.closed;
  });

  test('I rejects with a TypeError that has the error of the pool as its cause', async () => {
    await expect(calls.fetch('http://127.0.0.1:1/')).rejects.toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      cause: { name: 'RequestError', code: 'ERR_CONNECT' },
    });
    await expect(calls.fetch('no url')).rejects.toBeInstanceOf(TypeError);
    const refused = { name: 'TypeError', cause: { code: 'ERR_BAD_OPTIONS' } };
    await expect(calls.fetch('ftp://peer.test/')).rejects.toMatchObject(refused);
    await expect(calls.fetch(origin, { integrity: 'sha256-x' })).rejects.toMatchObject(refused);
    await calls[Symbol.asyncDispose]();
    await expect(calls.fetch(origin)).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'ERR_POOL_CLOSED' },
    });
  });

  test('I rejects a redirect that may not be, or that cannot be followed', async () => {
    const loop = `${origin}/to?status=302&at=${encodeURIComponent('/to?status=302&at=/loop')}`;
    expect((await calls.fetch(loop)).status).toBe(200);
    const endless = createServer((_, response) => {
      response.writeHead(302, { location: '/' }).end();
    }).listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
    await expect(calls.fetch(url)).rejects.toMatchObject({
      cause: { code: 'ERR_TOO_MANY_REDIRECTS' },
    });
    endless.closeAllConnections();
    endless.close();
    await expect(calls.fetch(loop, { redirect: 'error' })).rejects.toBeInstanceOf(TypeError);
    const nowhere = `${origin}/to?status=302&at=${encodeURIComponent('http://')}`;
    await expect(calls.fetch(nowhere)).rejects.toBeInstanceOf(TypeError);
  });

  test.each([
    ['to nowhere', '/to?status=302&at=http://&open'],
    ['away from http', '/to?status=302&at=ftp://peer.test/&open'],
    ['with more codings than anybody needs', '/bomb?open'],
  ])('I ends the exchange of a response that it rejects: %s', async (_what, path) => {
    await expect(calls.fetch(origin + path)).rejects.toBeInstanceOf(TypeError);
    await calls[Symbol.asyncDispose]();
    // By us, and not because nobody holds it any more.
    expect(pool.stats().totals).toEqual({ done: 0, error: { ERR_CANCELLED: 1 } });
  });

  test('I sends no credentials to another origin', async () => {
    await using other = await scriptedPeer();
    const at = encodeURIComponent(`${other.origin}/landed`);
    const fetched = calls.fetch(`${origin}/to?status=302&at=${at}`, {
      headers: { authorization: 'Bearer x', 'x-kept': '1' },
    });
    const connection = await other.connection();
    const { headers } = await connection.readHead();
    expect(headers.authorization).toBeUndefined();
    expect(headers['x-kept']).toBe('1');
    await connection.respond(200);
    expect(await fetched).toMatchObject({ url: `${other.origin}/landed`, redirected: true });
    await (await fetched).text();
  });

  test('I ends with the reason of its signal: before, while it waits, and while the body comes', async () => {
    await using peer = await scriptedPeer();
    const reason = new Error('enough');
    const aborted = calls.fetch(peer.origin, { signal: AbortSignal.abort(reason) });
    await expect(aborted).rejects.toBe(reason);
    const [waiting, reading] = [new AbortController(), new AbortController()];
    const fetched = calls.fetch(peer.origin, { signal: waiting.signal });
    const first = await peer.connection();
    await first.readHead();
    waiting.abort(reason);
    await expect(fetched).rejects.toBe(reason);
    await first.closed;
    const other = calls.fetch(peer.origin, { signal: reading.signal });
    const second = await peer.connection();
    await second.readHead();
    await second.writeHead(200, { 'content-length': '10' });
    const text = (await other).text();
    await settled();
    reading.abort(reason);
    await expect(text).rejects.toBe(reason);
    await second.closed;
  });

  test('I never takes a body that broke off for a whole one', async () => {
    const cut = await calls.fetch(`${origin}/cut`);
    await expect(cut.text()).rejects.toBeInstanceOf(Error);
    await using peer = await scriptedPeer();
    const fetched = calls.fetch(peer.origin);
    const connection = await peer.connection();
    await connection.respond(200, { 'content-length': '10' }, 'abc');
    const response = await fetched;
    connection.socket.destroy();
    await expect(response.text()).rejects.toMatchObject({
      name: 'TypeError',
      message: 'terminated',
      cause: { code: 'ERR_TRUNCATED' },
    });
  });
});
