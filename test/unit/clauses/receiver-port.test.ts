/** Clause M7: what a `MessagePort` receives is plain data, to the exact byte. */

import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPool, type PlainMessage, type Pool } from '../../../src/index.ts';
import { textOf } from '../../helpers/message-log.ts';
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
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, { 'x-a': '1' }, 'abc');
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
  const boom = Object.assign(new Error('boom'), { code: 'E_BOOM' });
  const mute = Object.defineProperty(new Error('mute'), 'name', {
    get: () => {
      throw boom;
    },
  });
  const causes: readonly (readonly [unknown, object])[] = [
    ['enough', { name: 'Reason', message: 'enough' }],
    [boom, { name: 'Error', message: 'boom', code: 'E_BOOM' }],
    [Object.create(null), { name: 'Reason', message: 'object' }],
    [Symbol('s'), { name: 'Reason', message: 'Symbol(s)' }],
    [() => 1, { name: 'Reason', message: '() => 1' }],
    [mute, { name: 'Reason', message: 'object' }],
  ];
  for (const [cause, plain] of causes) {
    const { port1, port2 } = new MessageChannel();
    const handle = pool.get(peer.origin, { stream: true, replyTo: port1 });
    const arrived = once(port2, 'message');
    pool.cancel(handle, cause);
    const [message]: PlainMessage[] = await arrived;
    if (message?.type !== 'error') throw new Error('no error');
    expect(message.error.code).toBe('ERR_CANCELLED');
    expect(message.error.cause).toEqual(plain);
    port1.close();
  }
});
