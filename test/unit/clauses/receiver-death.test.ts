/**
 * The death of a separate receiver: it ends the download, and no upload of a living caller.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createActor, fromCallback } from 'xstate';
import { createPool, type Message } from '../../../src/index.ts';
import { listenersOf } from '../../helpers/callers.ts';
import { codeOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

/** A receiver with the shape of an actor, which also notes what it gets when it is dead. */
function mortal() {
  const messages: Message[] = [];
  const observers = new Set<() => void>();
  let status = 'active';
  return {
    messages,
    observers,
    send: (message: Message) => void messages.push(message),
    getSnapshot: () => ({ status }),
    subscribe: ({ complete = () => {} }: { complete?: () => void }) => {
      observers.add(complete);
      return { unsubscribe: () => void observers.delete(complete) };
    },
    die: () => {
      status = 'stopped';
      for (const complete of [...observers]) complete();
    },
  };
}

test('C4 a download ends when its receiver dies, and its connection is closed', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const receiver = mortal();
  const handle = pool.get(peer.origin, { stream: true, replyTo: receiver });
  const connection = await peer.connection();
  await connection.readHead();
  await connection.writeHead(200, { 'content-length': '9' });
  await connection.write('some');
  receiver.die();
  expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
  await connection.closed;
  expect(receiver.observers.size).toBe(0);
  expect(gaugesOf(pool)).toEqual(IDLE);
});

test('C4 a closed port and a stopped actor are dead receivers', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const { port1, port2 } = new MessageChannel();
  const actor = createActor(fromCallback(() => {})).start();
  const toPort = pool.get(peer.origin, { replyTo: port1 });
  const toActor = pool.get(peer.origin, { replyTo: actor });
  const connections = [await peer.connection(), await peer.connection()];
  port2.close();
  actor.stop();
  expect(await codeOf(pool.await(toPort))).toBe('ERR_CANCELLED');
  expect(await codeOf(pool.await(toActor))).toBe('ERR_CANCELLED');
  await Promise.all(connections.map(({ closed }) => closed));
});

test('C4 the upload of a living caller goes on to its end, and the response is dropped', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const receiver = mortal();
  const caller = new AbortController();
  const handle = pool.post(peer.origin, {
    stream: true,
    streamBody: true,
    replyTo: receiver,
    caller: caller.signal,
  });
  await pool.sendBody(handle, 'before');
  const connection = await peer.connection();
  await connection.readHead();
  expect(await connection.readText(9)).toBe('6\r\nbefore');
  receiver.die();
  expect(await pool.sendBody(handle, ' after')).toBe(true);
  expect(await pool.finishBody(handle)).toBe(true);
  expect(await connection.readText(18)).toBe('\r\n6\r\n after\r\n0\r\n\r\n');
  await connection.respond(200, {}, 'dropped');
  expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
  expect(receiver.messages).toMatchObject([
    {
      type: 'error',
      error: { code: 'ERR_CANCELLED' },
      upload: { complete: true, bytesSent: 12, endedBy: 'caller' },
    },
  ]);
  expect(listenersOf(caller.signal, 'abort')).toBe(0);
  await turn();
  const next = pool.await(pool.get(`${peer.origin}/next`));
  expect((await connection.readHead()).target).toBe('/next');
  await connection.respond(200);
  await next;
});

test('C2 an upload whose receiver had died before is finished for its dead caller', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const receiver = mortal();
  const caller = new AbortController();
  const options = { streamBody: true, replyTo: receiver, caller: caller.signal };
  const handle = pool.post(peer.origin, options);
  await pool.sendBody(handle, 'accepted');
  const connection = await peer.connection();
  receiver.die();
  caller.abort();
  expect(Buffer.from((await connection.readRequest()).body).toString()).toBe('accepted');
  await connection.respond(200);
  expect(await codeOf(pool.await(handle))).toBe('ERR_CALLER_DIED');
  expect(receiver.messages).toMatchObject([{ type: 'error', upload: { endedBy: 'caller_death' } }]);
});

test('C4 a receiver that is the caller too dies as the caller', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const both = mortal();
  const handle = pool.post(peer.origin, { streamBody: true, replyTo: both, caller: both });
  await pool.sendBody(handle, 'accepted');
  expect(both.observers.size).toBe(1);
  const connection = await peer.connection();
  both.die();
  expect(Buffer.from((await connection.readRequest()).body).toString()).toBe('accepted');
  await connection.respond(200);
  expect(await codeOf(pool.await(handle))).toBe('ERR_CALLER_DIED');
});

test('C4 a receiver that is dead already gets no download, and stops no upload', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const actor = createActor(fromCallback(() => {})).start();
  actor.stop();
  const { port1, port2 } = new MessageChannel();
  const closed = new Promise((resolve) => port1.once('close', resolve));
  port2.close();
  await closed.then(() => turn());
  for (const replyTo of [actor, port1, Object.assign(mortal(), DEAD)]) {
    const handle = pool.get(peer.origin, { replyTo });
    expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
  }
  expect(peer.connections).toBe(0);
  const upload = pool.post(peer.origin, { streamBody: true, replyTo: actor });
  await pool.sendBody(upload, 'sent');
  const finished = pool.finishBody(upload);
  const connection = await peer.connection();
  expect((await connection.readRequest()).body.byteLength).toBe(4);
  expect(await finished).toBe(true);
  await connection.respond(200);
  expect(await codeOf(pool.await(upload))).toBe('ERR_CANCELLED');
});

const DEAD = { getSnapshot: () => ({ status: 'done' }) };

test('C4 a receiver is listened to once for 1 000 exchanges, and not at all after them', async () => {
  await using peer = await scriptedPeer();
  const pool = createPool({ workers: 1, maxInFlight: 1 });
  const receiver = mortal();
  const { port1, port2 } = new MessageChannel();
  for (let count = 0; count < 1000; count += 1) {
    pool.get(peer.origin, { replyTo: count % 2 === 0 ? receiver : port1 });
  }
  expect([receiver.observers.size, listenersOf(port1, 'close')]).toEqual([1, 1]);
  await pool.destroy();
  expect([receiver.observers.size, listenersOf(port1, 'close')]).toEqual([0, 0]);
  expect(receiver.messages.length).toBe(500);
  port2.close();
});
