/**
 * Handles that are thrown away before the end (clause H8): the death of a caller, unless somebody
 * else receives. Each handle is made in a function of its own, so that nothing keeps it by accident.
 */

import { expect, test } from 'vitest';
import { createPool, type Pool, type RequestOptions } from '../../../src/index.ts';
import { codeOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { collectUnhandled, gc, isCollected, settled } from '../../helpers/leaks.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

/** Asks and throws the handle away; only its `ref` stays. */
const drop = (pool: Pool, url: string, options?: RequestOptions): string =>
  pool.get(url, options).ref;

/** Collects garbage until the pool has noticed. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await gc();
}

test('H8 a dropped handle is a dead caller, and a warning names it once', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const refs = [drop(pool, peer.origin), drop(pool, peer.origin)];
  const connections = [await peer.connection(), await peer.connection()];
  await until(() => pool.stats().inFlight === 0);
  await Promise.all(connections.map(({ closed }) => closed));
  expect(pool.stats().totals).toEqual({ done: 0, error: { ERR_CALLER_DIED: 2 } });
  expect(gaugesOf(pool)).toEqual(IDLE);
  await gc();
  expect(seen.warnings.length).toBe(2);
  for (const ref of refs) {
    const naming = seen.warnings.filter(({ message }) => message.includes(` ${ref} `));
    expect(naming).toMatchObject([{ name: 'SpoolHandleWarning', code: 'SPOOL_HANDLE_DROPPED' }]);
    expect(() => pool.handle(ref)).toThrow(/no exchange/);
  }
});

test('H8 an upload whose handle is dropped is finished', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  await (async () => {
    const handle = pool.post(peer.origin, { streamBody: true });
    await pool.sendBody(handle, 'accepted');
  })();
  const connection = await peer.connection();
  await connection.readHead();
  await until(() => pool.stats().openUploads === 0);
  expect(await connection.readText(18)).toBe('8\r\naccepted\r\n0\r\n\r\n');
  await gc();
  await connection.respond(200, {}, 'dropped');
  await pool.close();
  expect(pool.stats().totals).toEqual({ done: 0, error: { ERR_CALLER_DIED: 1 } });
  expect(seen.warnings.length).toBe(1);
});

test('H8 whoever waits keeps the exchange: await, receive and a loop', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const body = (async () => (await pool.await(pool.get(peer.origin))).text())();
  const first = await peer.connection();
  const message = (() => pool.receive(pool.get(peer.origin)))();
  const second = await peer.connection();
  const types = (async () => {
    const all: string[] = [];
    for await (const { type } of pool.messages(pool.get(peer.origin, { stream: true }))) {
      all.push(type);
    }
    return all;
  })();
  const third = await peer.connection();
  await gc();
  await gc();
  expect(pool.stats().inFlight).toBe(3);
  await third.writeHead(200, { 'content-length': '2' });
  await third.write('o');
  await gc();
  await third.write('k');
  await Promise.all([first, second].map((connection) => connection.respond(200, {}, 'ok')));
  expect(await body).toBe('ok');
  expect(await message).toMatchObject({ type: 'done' });
  expect(await types).toEqual(['status', 'data', 'data', 'done']);
  await settled();
  expect(seen.warnings).toEqual([]);
});

test('H8 a receiver of its own keeps the exchange, and its ref gives a handle again', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const log = new MessageLog();
  const ref = drop(pool, peer.origin, { replyTo: log.receive });
  const connection = await peer.connection();
  await gc();
  await gc();
  const handle = pool.handle(ref);
  expect(handle.ref).toBe(ref);
  expect(pool.handle(ref)).toBe(handle);
  await connection.respond(200, {}, 'ok');
  expect(await log.ended).toMatchObject({ type: 'done', ref });
  expect((await pool.await(handle)).text()).toBe('ok');
  expect(seen.warnings).toEqual([]);
});

test('H8 a loop that is dropped halfway, and its handle with it, receives no more', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const first = (() => pool.messages(pool.get(peer.origin, { stream: true })).next())();
  const connection = await peer.connection();
  await connection.writeHead(200, { 'content-length': '9' });
  expect((await first).value).toMatchObject({ type: 'status' });
  await until(() => pool.stats().inFlight === 0);
  await connection.closed;
  expect(pool.stats().totals.error).toEqual({ ERR_CALLER_DIED: 1 });
  await settled();
  expect(seen.warnings.length).toBe(1);
});

test('H8 a result lives as long as its handle, and no longer', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const weak = await (async () => {
    const handle = pool.get(peer.origin);
    const connection = await peer.connection();
    await connection.respond(200, {}, 'kept');
    await pool.await(handle);
    await gc();
    expect((await pool.await(handle)).text()).toBe('kept');
    return { handle: new WeakRef(handle), ref: handle.ref };
  })();
  expect(await isCollected(weak.handle)).toBe(true);
  expect(() => pool.handle(weak.ref)).toThrow(/no exchange/);
  await settled();
  expect(seen.warnings).toEqual([]);
});

test('H8 a wait that was given up keeps nothing', async () => {
  using seen = collectUnhandled();
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const waiting = new AbortController();
  const given = (() => {
    const handle = pool.get(peer.origin);
    return pool.await(handle, { signal: waiting.signal }).catch((reason: unknown) => reason);
  })();
  await peer.connection();
  await gc();
  expect(pool.stats().inFlight).toBe(1);
  waiting.abort('enough');
  expect(await given).toBe('enough');
  await until(() => pool.stats().inFlight === 0);
  expect(pool.stats().totals.error).toEqual({ ERR_CALLER_DIED: 1 });
  await settled();
  expect(seen.warnings.length).toBe(1);
  expect(await codeOf(pool.await({ ref: 'x' }))).toBe('ERR_UNKNOWN_HANDLE');
});
