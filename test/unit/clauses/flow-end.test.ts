/** Clause F3: the end needs no credit, and waits only for a chunk that is held. */

import { afterEach, expect, test } from 'vitest';
import { createPool, type Pool, type RequestError } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { MessageLog, textOf } from '../../helpers/message-log.ts';
import { type ScriptedDispatch, ScriptedDispatcher } from '../../helpers/scripted-dispatcher.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const IDLE = { queued: 0, inFlight: 0, openUploads: 0 };

/** A pool on a transport that does not stop for a pause. */
async function streamed(
  window: number,
): Promise<{ readonly pool: Pool; readonly log: MessageLog; readonly wire: ScriptedDispatch }> {
  const dispatcher = new ScriptedDispatcher();
  const pool = createPool({ workers: 1, dispatcher: () => dispatcher });
  cleanups.push(() => pool.destroy());
  const log = new MessageLog();
  pool.get('http://peer.test/', { stream: true, window, replyTo: log.receive });
  const wire = await dispatcher.begun();
  wire.head();
  return { pool, log, wire };
}

test('F3 delivers done at zero credit when nothing is held', async () => {
  const peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  cleanups.push(
    () => peer.close(),
    () => pool.destroy(),
  );
  const log = new MessageLog();
  pool.get(peer.origin, { stream: true, window: 4, replyTo: log.receive });
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, {}, 'abcd');
  expect((await log.ended).type).toBe('done');
  expect(textOf(log.body)).toBe('abcd');
});

test('F3 delivers an error at zero credit when nothing is held', async () => {
  const peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  cleanups.push(
    () => peer.close(),
    () => pool.destroy(),
  );
  const log = new MessageLog();
  pool.get(peer.origin, { stream: true, window: 4, replyTo: log.receive });
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, { 'content-length': '100' }, 'abcd');
  await log.next();
  await log.next();
  connection.reset();
  const end = await log.ended;
  expect(end).toMatchObject({ type: 'error', error: { code: 'ERR_TRUNCATED' } });
  expect(textOf(log.body)).toBe('abcd');
});

test('F3 lets an end that was seen wait for the chunk that is held', async () => {
  const { pool, log, wire } = await streamed(4);
  const handle = pool.handle(log.messages[0]?.ref ?? '');
  wire.data('abcdef');
  wire.end({ checksum: '1' });
  expect(wire.paused).toBe(true);
  expect(log.types).toEqual(['status', 'data']);
  expect(pool.stats().inFlight).toBe(1);
  pool.updateFlow(handle, 1);
  expect(log.types).toEqual(['status', 'data', 'data']);
  pool.updateFlow(handle, 1);
  expect(log.types).toEqual(['status', 'data', 'data', 'data', 'done']);
  expect(log.messages.at(-1)).toMatchObject({ trailers: { checksum: '1' } });
  expect(textOf(log.body)).toBe('abcdef');
  expect(pool.stats()).toMatchObject(IDLE);
});

test('F3 lets the end of a closed connection wait for the chunk that is held', async () => {
  const peer = await scriptedPeer();
  const pool = createPool({ workers: 1 });
  cleanups.push(
    () => peer.close(),
    () => pool.destroy(),
  );
  const log = new MessageLog();
  const handle = pool.get(peer.origin, { stream: true, window: 4, replyTo: log.receive });
  const connection = await peer.connection();
  await connection.readHead();
  void connection.writeHead(200, { connection: 'close' });
  void connection.write('abcdef');
  connection.end();
  await log.next();
  await log.next();
  await settled(50);
  expect(log.types).toEqual(['status', 'data']);
  pool.updateFlow(handle, 10);
  expect((await log.ended).type).toBe('done');
  expect(textOf(log.body)).toBe('abcdef');
});

test('F3 ends at once, without the held chunk, when it is cancelled', async () => {
  const { pool, log, wire } = await streamed(4);
  const handle = pool.handle(log.messages[0]?.ref ?? '');
  wire.data('abcdef');
  wire.end();
  pool.cancel(handle, 'enough');
  pool.updateFlow(handle, 10);
  expect(log.types).toEqual(['status', 'data', 'error']);
  expect(log.messages.at(-1)).toMatchObject({ error: { code: 'ERR_CANCELLED', cause: 'enough' } });
  expect(pool.stats()).toMatchObject(IDLE);
});

test('F3 lets the timers go on while there is no credit', async () => {
  const clock = new ManualClock();
  const dispatcher = new ScriptedDispatcher();
  const pool = new RequestPool({ workers: 1, dispatcher: () => dispatcher }, { clock });
  cleanups.push(() => pool.destroy());
  const log = new MessageLog();
  const request = { stream: true, window: 4, replyTo: log.receive, idleTimeout: 100 };
  const handle = pool.get('http://peer.test/', request);
  const wire = await dispatcher.begun();
  wire.head();
  wire.data('abcdef');
  clock.advance(90);
  expect(log.types).toEqual(['status', 'data']);
  clock.advance(20);
  expect(log.types).toEqual(['status', 'data', 'error']);
  await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_IDLE_TIMEOUT' });
  expect(wire.aborted).toBe(true);
  expect(clock.pending).toBe(0);
});

test('F3 ignores credit for exchanges that ended, that nobody knows, or that have no stream', async () => {
  const { pool, log, wire } = await streamed(4);
  const handle = pool.handle(log.messages[0]?.ref ?? '');
  wire.data('ab');
  wire.end();
  pool.updateFlow(handle, 1);
  pool.updateFlow({ ref: 'forged' }, 1);
  pool.updateFlow({ ref: handle.ref }, Number.POSITIVE_INFINITY);
  const elsewhere = createPool({ workers: 1 });
  cleanups.push(() => elsewhere.destroy());
  elsewhere.updateFlow(handle, 1);
  await pool.close();
  expect(log.types).toEqual(['status', 'data', 'done']);
});

test('F3 refuses credit that is not a positive number', async () => {
  const { pool, log } = await streamed(4);
  const handle = pool.handle(log.messages[0]?.ref ?? '');
  for (const bytes of [0, -1, Number.NaN, '5' as unknown as number]) {
    expect(() => pool.updateFlow(handle, bytes)).toThrow(
      expect.objectContaining<Partial<RequestError>>({ code: 'ERR_BAD_OPTIONS' }),
    );
  }
});
