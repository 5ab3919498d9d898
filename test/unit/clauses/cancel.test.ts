/**
 * Cancel, from every state an exchange can be in, over HTTP/1.1.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { Agent } from 'undici';
import { expect, test } from 'vitest';
import { createPool, type ErrorMessage, type Pool } from '../../../src/index.ts';
import { endOf, failureOf, gaugesOf, IDLE, messagesOf } from '../../helpers/ends.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

const REASON = new Error('no longer wanted');

/** A pool whose connects wait for ever in `lookup`; `asked` resolves when one has begun. */
function unreachable() {
  const asked = Promise.withResolvers<void>();
  const dispatcher = () => new Agent({ connect: { lookup: () => asked.resolve() } });
  return { pool: createPool({ workers: 1, dispatcher }), asked: asked.promise };
}

function expectCancelled(end: ErrorMessage, phase: string): void {
  expect(end.error).toMatchObject({ code: 'ERR_CANCELLED', phase, retryable: false });
  expect(end.error.cause).toBe(REASON);
}

test('X1 in the queue: it ends at once, unsent, and the next one moves up', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, maxInFlight: 1 });
  const running = pool.await(pool.get(peer.origin));
  const connection = await peer.connection();
  await connection.readHead();
  const waiting = pool.post(peer.origin, { streamBody: true });
  const sent = pool.sendBody(waiting, 'never');
  pool.cancel(waiting, REASON);
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 1, openUploads: 0 });
  const end = await failureOf(pool, waiting);
  expectCancelled(end, 'queue');
  expect(end).toMatchObject({ error: { sent: false }, upload: { endedBy: 'failure' } });
  await connection.respond(200, {}, 'ran');
  expect((await running).text()).toBe('ran');
  expect(await sent).toBe(true);
  expect(await pool.sendBody(waiting, 'never')).toBe(false);
  await pool.close();
  expect(connection.text()).not.toContain('never');
});

test('X1 in the tick of the request: nothing touches the network', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  const handle = pool.get(peer.origin);
  pool.cancel(handle, REASON);
  expect(gaugesOf(pool)).toEqual(IDLE);
  expectCancelled(await failureOf(pool, handle), 'connect');
  await pool.close();
  expect(peer.connections).toBe(0);
});

test('X1 while it connects: it ends in the same tick', async () => {
  const { pool, asked } = unreachable();
  const handle = pool.post('http://nowhere.test', { streamBody: true });
  await asked;
  pool.cancel(handle, REASON);
  expect(gaugesOf(pool)).toEqual(IDLE);
  const end = await failureOf(pool, handle);
  expectCancelled(end, 'connect');
  expect(end.error.sent).toBe(false);
  await pool.destroy();
});

test('X1 while it uploads: blocked senders are released and the server sees it cut', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, uploadBuffer: 1 });
  const handle = pool.post(peer.origin, { streamBody: true });
  void pool.sendBody(handle, 'begun');
  const connection = await peer.connection();
  await connection.readHead();
  expect(await connection.readText(8)).toBe('5\r\nbegun');
  connection.pause();
  const sends = Array.from({ length: 64 }, () => pool.sendBody(handle, new Uint8Array(1_048_576)));
  const finish = pool.finishBody(handle);
  pool.cancel(handle, REASON);
  expect((await Promise.all(sends)).at(-1)).toBe(false);
  expect(await finish).toBe(false);
  const end = await failureOf(pool, handle);
  expectCancelled(end, 'upload');
  expect(end.upload).toMatchObject({ complete: false, endedBy: 'failure' });
  connection.resume();
  await connection.closed;
  expect(connection.text().endsWith('0\r\n\r\n')).toBe(false);
});

test('X1 while it waits for headers: the connection is closed', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const handle = pool.post(peer.origin, { body: 'whole' });
  const connection = await peer.connection();
  await connection.readRequest();
  pool.cancel(handle, REASON);
  expectCancelled(await failureOf(pool, handle), 'headers');
  await connection.closed;
});

/** A download of which the reader has read the head, and nothing of the `body` that has arrived. */
async function receiving(pool: Pool, peer: ScriptedPeer, window?: number) {
  const handle = pool.get(peer.origin, { stream: true, ...(window && { window }) });
  const connection = await peer.connection();
  await connection.readHead();
  await connection.writeHead(200, { 'content-length': '99' });
  expect(await pool.receive(handle)).toMatchObject({ type: 'status' });
  await connection.write('undelivered');
  return { handle, connection };
}

test('X1 while it receives: what was not delivered is dropped, the connection is closed', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const { handle, connection } = await receiving(pool, peer);
  while (pool.stats().workers[0]?.bytesReceived === 0) await turn();
  pool.cancel(handle, REASON);
  const rest = await messagesOf(pool, handle);
  expect(rest.map(({ type }) => type)).toEqual(['error']);
  await connection.closed;
});

test('X1 paused for credit: the chunk that was held is dropped, the connection is closed', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const { handle, connection } = await receiving(pool, peer, 1);
  expect(await pool.receive(handle)).toMatchObject({ type: 'data' });
  pool.cancel(handle, REASON);
  pool.updateFlow(handle, 99);
  const rest = await messagesOf(pool, handle);
  expect(rest.map(({ type }) => type)).toEqual(['error']);
  await connection.closed;
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('X1 with the end seen and a chunk held: it is cancelled all the same', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const log = new MessageLog();
  const options = { stream: true, window: 1, replyTo: log.receive };
  const handle = pool.get(peer.origin, options);
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200, {}, 'all');
  expect(await log.next()).toMatchObject({ type: 'status' });
  expect(await log.next()).toMatchObject({ type: 'data' });
  pool.cancel(handle, REASON);
  await pool.close();
  expect(log.types).toEqual(['status', 'data', 'error']);
});

test('X1 again, with another reason, and by others: the first one counts', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  const log = new MessageLog((message) => {
    if (message.type === 'error') pool.cancel(handle, 'from within');
  });
  const handle = pool.get(peer.origin, { replyTo: log.receive });
  await peer.connection();
  pool.cancel(handle, REASON);
  pool.cancel(handle, 'second');
  pool.cancel(handle);
  pool.cancel({ ref: handle.ref }, 'forged');
  await pool.close();
  pool.cancel(handle, 'closed');
  expect(log.messages).toMatchObject([{ type: 'error', error: { cause: REASON } }]);
  expect(pool.stats().totals).toEqual({ done: 0, error: { ERR_CANCELLED: 1 } });
});

test('X1 without a reason there is no cause', async () => {
  const pool = createPool({ workers: 1 });
  const handle = pool.get('http://nowhere.test');
  pool.cancel(handle);
  expect((await failureOf(pool, handle)).error).not.toHaveProperty('cause');
  await pool.close();
});

test('X2 after the end it changes nothing', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const handle = pool.get(peer.origin, { stream: true });
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200, {}, 'unread');
  const { status, upload } = await pool.await(handle);
  expect({ status, upload }).toEqual({ status: 200, upload: undefined });
  pool.cancel(handle, REASON);
  expect((await pool.await(handle)).text()).toBe('unread');
  expect(await endOf(pool, handle)).toMatchObject({ type: 'done' });
  expect(pool.stats().totals).toEqual({ done: 1, error: {} });
  expect(connection.socket.destroyed).toBe(false);
});
