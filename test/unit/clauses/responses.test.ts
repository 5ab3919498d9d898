/** Clause A1 on the wire: what a response says, over HTTP/1.1 and HTTP/2. */

import { afterEach, expect, test } from 'vitest';
import { createPool, type Pool } from '../../../src/index.ts';
import { type Http2Peer, http2Peer } from '../../helpers/http2-peer.ts';
import { bodyOf, readAll, textOf } from '../../helpers/message-log.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function http1(): Promise<{ readonly pool: Pool; readonly peer: ScriptedPeer }> {
  const peer = await scriptedPeer();
  const pool = createPool();
  cleanups.push(
    () => peer.close(),
    () => pool.destroy(),
  );
  return { pool, peer };
}

async function http2(): Promise<{ readonly pool: Pool; readonly peer: Http2Peer }> {
  const trust = trustTestCa();
  const peer = await http2Peer({ tls: trustedServer });
  const pool = createPool({ workers: 1 });
  cleanups.push(
    () => trust[Symbol.dispose](),
    () => peer.close(),
    () => pool.destroy(),
  );
  return { pool, peer };
}

test('A1 gives head, body and trailers over HTTP/1.1, and ignores what came before the head', async () => {
  const { pool, peer } = await http1();
  const handle = pool.get(`${peer.origin}/x?y=1#z`);
  const connection = await peer.connection();
  await connection.readHead();
  void connection.writeHead(102);
  void connection.writeHead(103, { Link: '</a.css>' });
  void connection.write('HTTP/1.1 200 OK\r\nX-Two: 1\r\nx-two: 2\r\nSet-Cookie: a=1\r\n');
  void connection.write('X-Latin: caf\xe9\r\nTransfer-Encoding: chunked\r\n\r\n');
  void connection.writeChunk('{"a":');
  void connection.writeChunk('1}');
  void connection.endChunked({ 'X-Sum': '7', 'X-More': 'm' });
  const response = await pool.await(handle);
  expect(response).toMatchObject({
    ref: handle.ref,
    status: 200,
    httpVersion: '1.1',
    url: `${peer.origin}/x?y=1`,
    redirects: [],
    upload: undefined,
  });
  expect(response.headers).toEqual({
    'x-two': ['1', '2'],
    'set-cookie': 'a=1',
    'x-latin': 'caf\u00e9',
    'transfer-encoding': 'chunked',
  });
  expect(response.rawHeaders.slice(0, 6)).toEqual([
    'X-Two',
    '1',
    'x-two',
    '2',
    'Set-Cookie',
    'a=1',
  ]);
  expect(response.trailers).toEqual({ 'x-sum': '7', 'x-more': 'm' });
  expect(response.body).toBeInstanceOf(Uint8Array);
  expect(response.json()).toEqual({ a: 1 });
});

test('A1 gives head, body and trailers over HTTP/2, and ignores what came before the head', async () => {
  const { pool, peer } = await http2();
  const handle = pool.get(`${peer.origin}/x?y=1`);
  const stream = await peer.stream();
  stream.inform(103, { link: '</a.css>' });
  const head = { 'x-a': 'b', 'set-cookie': ['a=1', 'b=2'], date: 'now' };
  stream.respond(200, head, { trailers: { 'x-sum': '7' } });
  await stream.write('{"a":');
  stream.end('1}');
  const response = await pool.await(handle);
  expect(response).toMatchObject({ status: 200, httpVersion: '2', url: `${peer.origin}/x?y=1` });
  expect(response.headers).toStrictEqual(head);
  expect(Object.getOwnPropertySymbols(response.headers)).toEqual([]);
  expect(response.trailers).toStrictEqual({ 'x-sum': '7' });
  expect(Object.getOwnPropertySymbols(response.trailers)).toEqual([]);
  expect(response.rawHeaders).toEqual('x-a b set-cookie a=1 set-cookie b=2 date now'.split(' '));
  expect(response.json()).toEqual({ a: 1 });
});

const BODILESS = [
  ['HEAD', 200],
  ['HEAD', 404],
  ['GET', 204],
  ['GET', 304],
] as const;

for (const [method, status] of BODILESS) {
  test(`A1 ends a ${method} answered with ${status} and a content-length without a body`, async () => {
    const { pool, peer } = await http1();
    const handle = pool.request({ url: peer.origin, method });
    const connection = await peer.connection();
    expect((await connection.readHead()).method).toBe(method);
    void connection.writeHead(status, { 'content-length': status === 204 ? '0' : '10' });
    const overHttp1 = await pool.await(handle);
    expect([overHttp1.status, overHttp1.httpVersion, overHttp1.text()]).toEqual([
      status,
      '1.1',
      '',
    ]);

    const second = await http2();
    const other = second.pool.request({ url: second.peer.origin, method, stream: true });
    const stream = await second.peer.stream();
    const length = status === 204 ? {} : { 'content-length': '10' };
    stream.respond(status, length, { endStream: true });
    const messages = await readAll(second.pool.messages(other));
    expect(messages.map(({ type }) => type)).toEqual(['status', 'done']);
    expect(messages[0]).toMatchObject({ status, httpVersion: '2' });
  });
}

test('H4 tells one status, not those of interim responses, over either version', async () => {
  const { pool, peer } = await http1();
  const overHttp1 = pool.get(peer.origin, { stream: true });
  const connection = await peer.connection();
  await connection.readHead();
  void connection.writeHead(103, { Link: '</a.css>' });
  void connection.respond(200);
  const second = await http2();
  const overHttp2 = second.pool.get(second.peer.origin, { stream: true });
  const stream = await second.peer.stream();
  stream.inform(103, { link: '</a.css>' });
  stream.respond(200, {}, { endStream: true });
  for (const messages of [pool.messages(overHttp1), second.pool.messages(overHttp2)]) {
    const all = await readAll(messages);
    expect(all.map(({ type }) => type)).toEqual(['status', 'done']);
    expect(all[0]).toMatchObject({ status: 200 });
  }
});

/** As many hints as anybody may send before a response. */
const HINTS = 64;

test('N11 hints without end are no way to a response, over HTTP/1.1', async () => {
  const { pool, peer } = await http1();
  const ends = [HINTS, HINTS + 1].map(async (hints) => {
    const response = pool.await(pool.get(`${peer.origin}/${hints}`));
    return response.then(({ status }) => status).catch(({ code, phase }) => [code, phase]);
  });
  const [one, other] = [await peer.connection(), await peer.connection()];
  for (const connection of [one, other]) {
    const { target } = await connection.readHead();
    void connection.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(Number(target.slice(1))));
    void connection.respond(200, { connection: 'close' });
  }
  expect(await Promise.all(ends)).toEqual([200, ['ERR_PROTOCOL', 'headers']]);
  await Promise.all([one.closed, other.closed]);
});

test('N11 hints without end are no way to a response, over HTTP/2', async () => {
  const { pool, peer } = await http2();
  const ends = [HINTS, HINTS + 1].map(async (hints) => {
    const response = pool.await(pool.get(`${peer.origin}/${hints}`));
    return response.then(({ status }) => status).catch(({ code, phase }) => [code, phase]);
  });
  for (const _ of ends) {
    const stream = await peer.stream();
    const hints = Number(stream.headers[':path']?.slice(1));
    for (let sent = 0; sent < hints; sent += 1) stream.inform(103);
    if (hints === HINTS) stream.respond(204, {}, { endStream: true });
  }
  expect(await Promise.all(ends)).toEqual([204, ['ERR_PROTOCOL', 'headers']]);
  expect(peer.connections).toBe(1);
});

test('N12 gives a header that came once as a string, over HTTP/2 too', async () => {
  const { pool, peer } = await http2();
  const handle = pool.get(peer.origin);
  (await peer.stream()).respond(204, { 'set-cookie': ['a=1'] }, { endStream: true });
  expect((await pool.await(handle)).headers).toMatchObject({ 'set-cookie': 'a=1' });
});

test('A1 tells the true version on reused connections', async () => {
  const { pool, peer } = await http2();
  for (const reusedConnection of [false, true, true]) {
    const handle = pool.get(peer.origin);
    (await peer.stream()).respond(204, {}, { endStream: true });
    const response = await pool.await(handle);
    expect(response.httpVersion).toBe('2');
    expect(response.metrics.reusedConnection).toBe(reusedConnection);
  }
  expect(peer.connections).toBe(1);
});

test('H4 tells the status before there is a body, without an empty data message', async () => {
  const { pool, peer } = await http1();
  const handle = pool.get(peer.origin, { stream: true });
  const connection = await peer.connection();
  await connection.readHead();
  void connection.writeHead(200, { 'transfer-encoding': 'chunked', 'X-A': '1' });
  const status = await pool.receive(handle);
  expect(status).toMatchObject({ type: 'status', ref: handle.ref, status: 200 });
  expect(status).toMatchObject({ httpVersion: '1.1', headers: { 'x-a': '1' } });
  expect(status).toMatchObject({ rawHeaders: ['transfer-encoding', 'chunked', 'X-A', '1'] });
  void connection.writeChunk('abc');
  void connection.endChunked();
  const rest = await readAll(pool.messages(handle));
  expect(rest.map(({ type }) => type)).toEqual(['data', 'done']);
  expect(textOf(bodyOf(rest))).toBe('abc');
});
