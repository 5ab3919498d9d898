/** Callers that block their thread for each answer. */

import { expect, test } from 'vitest';
import { connectPool, createPool } from '../../../src/index.ts';
import { echoServer } from '../../helpers/echo-server.ts';
import { gaugesOf, IDLE } from '../../helpers/ends.ts';
import { fixtureThread, portOf } from '../../helpers/fixture-thread.ts';
import { settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const CALLER = 'sync-caller.ts';

test('W6 a thread that blocks reads status, headers, and the body chunk by chunk', async () => {
  await using server = await echoServer();
  await using pool = createPool({ workers: 1 });
  const { origin } = server;
  await using thread = fixtureThread(CALLER, { part: 'reads', port: pool.port(), origin });
  expect(await thread.next()).toEqual([200, '300000', '1.1', undefined]);
  expect(await thread.next()).toEqual({ bytes: 300_000, right: true, bounded: true, after: 0 });
  expect(await thread.next()).toEqual([300_000, undefined, {}]);
  expect(await thread.next()).toMatchObject({ 'x-one': '1' });
  expect(await thread.ended).toBe(0);
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('W6 it sends text, many bytes, and an iterable that is read as the pool takes it', async () => {
  await using server = await echoServer();
  await using pool = createPool({ workers: 1 });
  const { origin } = server;
  await using thread = fixtureThread(CALLER, { part: 'sends', port: pool.port(), origin });
  expect(await thread.next()).toBe('text');
  expect(await thread.next()).toBe('the source is closed');
  expect(await thread.next()).toBe('chunk by chunk');
  const upload = { complete: true, bytesSent: 3 * 1024 * 1024, endedBy: 'caller' };
  expect(await thread.next()).toEqual([true, upload]);
  expect(await thread.ended).toBe(0);
});

test('H4 messages keep their order where one of them is answered by blocking for another', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 2 });
  const { origin } = peer;
  await using thread = fixtureThread('port-caller.ts', {
    part: 'nests',
    port: pool.port(),
    origin,
  });
  const first = await peer.connection();
  await first.readHead();
  // In one piece, so that its head and its first chunk are reported together.
  await first.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none');
  const second = await peer.connection();
  expect((await second.readHead()).target).toBe('/second');
  await first.write('two');
  while (pool.stats().totals.done === 0) await settled(1);
  await second.respond(200);
  expect(await thread.next()).toEqual(['status', 'one', 'two', 'done', 200]);
  expect(await thread.ended).toBe(0);
});

test('M4 leaving the loop or disposing of the stream ends the exchange at once', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const { origin } = peer;
  await using thread = fixtureThread(CALLER, { part: 'leaves', port: pool.port(), origin });
  for (const isFirst of [true, false]) {
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(200, { 'transfer-encoding': 'chunked' });
    if (isFirst) {
      await connection.writeChunk('four');
      expect(await thread.next()).toBe(4);
    }
    await connection.closed;
  }
  expect(await thread.next()).toBe(0);
  const upload = await peer.connection();
  await upload.readHead();
  await upload.writeHead(200, { 'transfer-encoding': 'chunked' });
  expect([await thread.next(), await thread.next()].toSorted()).toEqual([
    'left',
    'the source is closed',
  ]);
  expect(await thread.ended).toBe(0);
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('T1 the timeouts of the pool hold for it, and every failure is thrown', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const { origin } = peer;
  await using thread = fixtureThread(CALLER, { part: 'fails', port: pool.port(), origin });
  const slow = await peer.connection();
  await slow.readHead();
  await slow.writeHead(200, { 'content-length': '10' });
  expect(await thread.next()).toBe('ERR_TIMEOUT');
  expect(await thread.next()).toBe('ERR_CONNECT');
  expect(await thread.next()).toBe('ERR_CANCELLED');
  expect(await thread.next()).toEqual(['body', 'replyTo', 'stream']);
  expect(await thread.next()).toEqual(['replyTo', 'stream']);
  expect(await thread.ended).toBe(0);
});

test('E ERR_WOULD_BLOCK keeps a thread from blocking where that is forbidden', async () => {
  await using server = await echoServer();
  await using pool = createPool({ workers: 1 });
  const { origin } = server;
  await using thread = fixtureThread(CALLER, { part: 'forbids', port: pool.port(), origin });
  expect(await thread.next()).toBe('ERR_WOULD_BLOCK');
  expect(await thread.next()).toBe('ERR_WOULD_BLOCK');
  expect(await thread.next()).toBe('a value');
  expect(await thread.next()).toBe(10);
  expect(await thread.ended).toBe(0);
});

test('E ERR_WOULD_BLOCK keeps the thread of the pool from waiting for itself', async () => {
  await using pool = createPool({ workers: 1 });
  await using connected = connectPool(pool.port());
  expect(() => connected.sync.request({ url: 'http://127.0.0.1:1/' })).toThrow(
    expect.objectContaining({
      code: 'ERR_WOULD_BLOCK',
      message: expect.stringContaining('the pool runs in this thread'),
    }),
  );
  await settled();
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('H3 a thread that blocks is released when the thread of the pool dies', async () => {
  await using peer = await scriptedPeer();
  await using home = fixtureThread('pool-thread.ts');
  const { origin } = peer;
  await using thread = fixtureThread(CALLER, {
    part: 'bereaved',
    port: await portOf(home),
    origin,
  });
  const connection = await peer.connection();
  await connection.readHead();
  await connection.writeHead(200, { 'content-length': '10' });
  expect(await thread.next()).toBe(200);
  await home.worker.terminate();
  expect(await thread.next()).toBe('ERR_POOL_DESTROYED');
  expect(await thread.next()).toBe('ERR_POOL_DESTROYED');
  expect(await thread.ended).toBe(0);
});
