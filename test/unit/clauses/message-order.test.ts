/** Clauses H3 and H4 over both protocols: status once and at once, data in order, one end. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AsyncHandle, Message, Pool } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { http2Peer } from '../../helpers/http2-peer.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

let pool: Pool;

beforeEach(() => {
  pool = createPool({ workers: 1 });
});

afterEach(async () => {
  await pool.close();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
});

/** What is left in the mailbox, and proof that nothing comes after the end: the pool is closed. */
async function restOf(handle: AsyncHandle): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const message = await pool.receive(handle);
    if (message === undefined) break;
    messages.push(message);
  }
  await pool.close();
  expect(await pool.receive(handle)).toBeUndefined();
  return messages;
}

function typesOf(messages: readonly Message[]): string {
  return messages
    .map(({ type }) => type)
    .join(' ')
    .replace(/data( data)*/, 'data');
}

function bytesOf(messages: readonly Message[]): string {
  const chunks = messages.flatMap((message) => (message.type === 'data' ? [message.chunk] : []));
  for (const chunk of chunks) expect(chunk.byteLength).toBeGreaterThan(0);
  return Buffer.concat(chunks).toString();
}

describe('HTTP/1.1', () => {
  let peer: ScriptedPeer;

  beforeEach(async () => {
    peer = await scriptedPeer();
  });

  afterEach(() => peer.close());

  test('H4 status arrives with the headers, before there is a body', async () => {
    const handle = pool.get(peer.origin, { stream: true });
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(404, {
      'content-length': '6',
      'X-Case': 'Kept',
      'x-two': ['a', 'b'],
    });
    expect(await pool.receive(handle)).toEqual({
      type: 'status',
      ref: handle.ref,
      status: 404,
      headers: { 'content-length': '6', 'x-case': 'Kept', 'x-two': ['a', 'b'] },
      rawHeaders: ['content-length', '6', 'X-Case', 'Kept', 'x-two', 'a', 'x-two', 'b'],
      httpVersion: '1.1',
    });
    expect(await pool.receive(handle, { timeout: 0 })).toBeUndefined();
    await connection.write('abc');
    expect(await pool.receive(handle)).toMatchObject({ type: 'data', ref: handle.ref });
    await connection.write('def');
    const rest = await restOf(handle);
    expect(typesOf(rest)).toBe('data done');
    expect(bytesOf(rest)).toBe('def');
  });

  test('H4 chunks keep their order, empty ones are none', async () => {
    const handle = pool.get(peer.origin, { stream: true });
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(200, { 'transfer-encoding': 'chunked' });
    const words = Array.from({ length: 500 }, (_, index) => `word${index} `);
    for (const word of words) void connection.writeChunk(word);
    await connection.endChunked({ 'X-Trailer': 'yes' });
    const messages = await restOf(handle);
    expect(typesOf(messages)).toBe('status data done');
    expect(bytesOf(messages)).toBe(words.join(''));
    expect(messages.at(-1)).toMatchObject({ type: 'done', trailers: { 'x-trailer': 'yes' } });
    expect(messages.at(-1)).not.toHaveProperty('response');
  });

  test.each([
    ['no body', 204, {}],
    ['an empty body', 200, { 'content-length': '0' }],
    ['an empty chunked body', 200, { 'transfer-encoding': 'chunked' }],
  ])('H4 a response with %s has no data', async (_name, status, headers) => {
    const handle = pool.get(peer.origin, { stream: true });
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(status, headers);
    if ('transfer-encoding' in headers) await connection.endChunked();
    const messages = await restOf(handle);
    expect(typesOf(messages)).toBe('status done');
    expect(messages[0]).toMatchObject({ status });
  });

  test('H4 interim responses are no status', async () => {
    const handle = pool.get(peer.origin, { stream: true });
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(103, { link: '</a.css>; rel=preload' });
    await connection.writeHead(102);
    await connection.respond(200, {}, 'abc');
    const messages = await restOf(handle);
    expect(typesOf(messages)).toBe('status data done');
    expect(messages[0]).toMatchObject({ status: 200 });
  });

  test('H3 a response that goes on after its end brings no second end', async () => {
    const handle = pool.get(peer.origin, { stream: true });
    const connection = await peer.connection();
    await connection.readHead();
    await connection.write(
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 500 No\r\n\r\nmore',
    );
    const messages = await restOf(handle);
    expect(typesOf(messages)).toBe('status data done');
    expect(bytesOf(messages)).toBe('abc');
    expect(pool.stats().totals).toEqual({ done: 1, error: {} });
  });

  test('H3 an error in the body is the one end, and what came before is kept', async () => {
    const handle = pool.get(peer.origin, { stream: true });
    const connection = await peer.connection();
    await connection.readHead();
    await connection.respond(200, { 'content-length': '10' }, 'abc');
    const first = await pool.receive(handle);
    const second = await pool.receive(handle);
    connection.end();
    const messages = [first, second, ...(await restOf(handle))].filter((one) => one !== undefined);
    expect(typesOf(messages)).toBe('status data error');
    expect(pool.stats().totals).toEqual({ done: 0, error: { ERR_TRUNCATED: 1 } });
  });

  test('H4 without stream there is only the end', async () => {
    const handle = pool.get(peer.origin);
    const connection = await peer.connection();
    await connection.readHead();
    await connection.respond(200, {}, 'abc');
    const messages = await restOf(handle);
    expect(messages).toMatchObject([{ type: 'done', ref: handle.ref, response: { status: 200 } }]);
  });
});

test('H4 HTTP/2 has the same order, and says that it is HTTP/2', async () => {
  using _trust = trustTestCa();
  await using peer = await http2Peer({ tls: trustedServer });
  const handle = pool.get(peer.origin, { stream: true });
  const stream = await peer.stream();
  stream.inform(103, { link: '</a.css>; rel=preload' });
  stream.respond(200, { 'x-case': 'Kept' }, { trailers: { 'x-trailer': 'yes' } });
  const status = await pool.receive(handle);
  expect(status).toMatchObject({ type: 'status', status: 200, httpVersion: '2' });
  expect(status).toMatchObject({ headers: { 'x-case': 'Kept' } });
  await stream.write('abc');
  expect(bytesOf([await pool.receive(handle)].filter((one) => one !== undefined))).toBe('abc');
  stream.end('def');
  const rest = await restOf(handle);
  expect(typesOf(rest)).toBe('data done');
  expect(bytesOf(rest)).toBe('def');
  expect(rest.at(-1)).toMatchObject({ trailers: { 'x-trailer': 'yes' } });
});
