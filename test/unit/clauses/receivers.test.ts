/** Clauses M2, M3 and M7: every kind of receiver, and those that throw. */

import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createActor, fromTransition } from 'xstate';
import { createPool, type Message, type PlainMessage, type Pool } from '../../../src/index.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import { MessageLog, textOf } from '../../helpers/message-log.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

let peer: ScriptedPeer;
let pool: Pool;

beforeEach(async () => {
  peer = await scriptedPeer();
  pool = createPool();
});

afterEach(async () => {
  await pool.destroy();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  await peer.close();
});

/** Answers the next request with `abc`. */
async function answer(): Promise<void> {
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, { 'x-a': '1' }, 'abc');
}

test('M2 delivers to a function, and M7 each message carries the ref', async () => {
  const log = new MessageLog();
  const handle = pool.get(peer.origin, { stream: true, replyTo: log.receive });
  await answer();
  await log.ended;
  expect(log.types).toEqual(['status', 'data', 'done']);
  expect(log.messages.map(({ ref }) => ref)).toEqual(new Array(3).fill(handle.ref));
});

test('M2 delivers to anything with send, called on itself', async () => {
  class Receiver {
    readonly log = new MessageLog();
    send(message: Message): void {
      this.log.receive(message);
    }
  }
  const receiver = new Receiver();
  pool.get(peer.origin, { stream: true, replyTo: receiver });
  await answer();
  await receiver.log.ended;
  expect(receiver.log.types).toEqual(['status', 'data', 'done']);
});

test('M2 delivers to an XState actor as events', async () => {
  const actor = createActor(
    fromTransition((seen: readonly string[], event: Message) => [...seen, event.type], []),
  );
  const ended = new Promise<void>((resolve) => {
    actor.subscribe((snapshot) => {
      if (snapshot.context.at(-1) === 'done') resolve();
    });
  });
  actor.start();
  pool.get(peer.origin, { stream: true, replyTo: actor });
  await answer();
  await ended;
  expect(actor.getSnapshot().context).toEqual(['status', 'data', 'done']);
  actor.stop();
});

test('M3 delivers a single terminal message without stream', async () => {
  const log = new MessageLog();
  const handle = pool.get(peer.origin, { replyTo: log.receive });
  await answer();
  const done = await log.ended;
  await pool.close();
  expect(log.types).toEqual(['done']);
  const response = await pool.await(handle);
  expect(done).toMatchObject({ type: 'done', response });
  expect(response.text()).toBe('abc');
});

test('M3 delivers a single error without stream', async () => {
  const log = new MessageLog();
  pool.get(peer.origin, { replyTo: log.receive });
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, { 'content-length': '10' }, 'abc');
  connection.end();
  await log.ended;
  await pool.close();
  expect(log.types).toEqual(['error']);
});

test('M7 delivers plain data to a port, each chunk in a buffer of its own', async () => {
  const { port1, port2 } = new MessageChannel();
  const got: PlainMessage[] = [];
  port2.on('message', (message: PlainMessage) => got.push(message));
  const kept: Uint8Array[] = [];
  const handle = pool.get(peer.origin, { stream: true, replyTo: port1 });
  const connection = await peer.connection();
  await connection.readHead();
  // One read with many chunks in it: each is a small view of a large buffer.
  const chunks = Array.from({ length: 50 }, (_, index) => `chunk ${index}`);
  const wire = chunks.map((text) => `${text.length.toString(16)}\r\n${text}\r\n`).join('');
  void connection.writeHead(200, { 'transfer-encoding': 'chunked' });
  void connection.write(`${wire}0\r\n\r\n`);
  await pool.await(handle);
  while (got.at(-1)?.type !== 'done') await once(port2, 'message');
  for (const message of got) if (message.type === 'data') kept.push(message.chunk);
  expect(kept.map(textOf)).toEqual(chunks);
  expect(kept.every((chunk) => chunk.buffer.byteLength === chunk.byteLength)).toBe(true);
  expect(kept.every((chunk) => chunk instanceof Uint8Array)).toBe(true);
  expect(got[0]).toMatchObject({ type: 'status', ref: handle.ref, status: 200 });
  port1.close();
});

test('M7 delivers a whole response to a port without methods, and keeps the caller its own', async () => {
  const { port1, port2 } = new MessageChannel();
  const handle = pool.get(peer.origin, { replyTo: port1 });
  const arrived = once(port2, 'message');
  await answer();
  const [message]: PlainMessage[] = await arrived;
  if (message?.type !== 'done' || message.response === undefined) throw new Error('no response');
  expect(Object.keys(message.response).sort()).toEqual(
    'body headers httpVersion metrics rawHeaders redirects ref status trailers upload url'.split(
      ' ',
    ),
  );
  expect(message.response.headers).toMatchObject({ 'x-a': '1' });
  expect(textOf(message.response.body)).toBe('abc');
  expect(message.response.body.buffer.byteLength).toBe(3);
  expect((await pool.await(handle)).text()).toBe('abc');
  port1.close();
});

test('M7 delivers an error to a port as plain data with its code, whatever its cause is', async () => {
  const causes: readonly unknown[] = [
    'enough',
    Object.assign(new Error('boom'), { code: 'E_BOOM' }),
    Object.create(null),
    Symbol('s'),
    () => {},
  ];
  for (const cause of causes) {
    const { port1, port2 } = new MessageChannel();
    const handle = pool.get(peer.origin, { stream: true, replyTo: port1 });
    const arrived = once(port2, 'message');
    pool.cancel(handle, cause);
    const [message]: PlainMessage[] = await arrived;
    if (message?.type !== 'error') throw new Error('no error');
    expect(message.error.code).toBe('ERR_CANCELLED');
    expect(message.error.cause).toMatchObject({ name: expect.any(String) });
    port1.close();
  }
});

const THROWERS: Readonly<Record<string, (message: Message) => unknown>> = {
  throws: () => {
    throw new TypeError('secret');
  },
  'throws nothing nameable': () => {
    throw undefined;
  },
  'throws what throws when named': () => {
    throw Object.defineProperty(new Error(), 'name', {
      get: () => {
        throw new Error('again');
      },
    });
  },
  rejects: async () => {
    throw new TypeError('secret');
  },
};

for (const [how, receive] of Object.entries(THROWERS)) {
  test(`M2 warns of a receiver that ${how}, and harms nobody`, async () => {
    using unhandled = collectUnhandled();
    const types: string[] = [];
    const handle = pool.get(peer.origin, {
      stream: true,
      replyTo: (message) => {
        types.push(message.type);
        return receive(message);
      },
    });
    const sibling = pool.get(peer.origin);
    await answer();
    await answer();
    expect((await pool.await(handle)).status).toBe(200);
    expect((await pool.await(sibling)).text()).toBe('abc');
    expect(pool.stats().workers.map(({ restarts }) => restarts)).toEqual([0, 0]);
    await settled();
    expect(types).toEqual(['status', 'data', 'done']);
    expect(unhandled.rejections).toEqual([]);
    expect(unhandled.exceptions).toEqual([]);
    expect(unhandled.warnings.map(({ name }) => name)).toEqual(
      new Array(3).fill('SpoolReceiverWarning'),
    );
    for (const warning of unhandled.warnings) {
      expect(warning.message).toContain(handle.ref);
      expect(warning.message).not.toContain('secret');
    }
  });
}
