/** The iterator of `messages`: its own protocol, and what leaving it leaves behind. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPool, type Pool } from '../../../src/index.ts';
import { type ScriptedDispatch, ScriptedDispatcher } from '../../helpers/scripted-dispatcher.ts';

let dispatcher: ScriptedDispatcher;
let pool: Pool;

beforeEach(() => {
  dispatcher = new ScriptedDispatcher();
  pool = createPool({ workers: 1, dispatcher: () => dispatcher });
});

afterEach(async () => {
  await pool.destroy();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
});

const launch = () => pool.get('http://peer.test/', { stream: true });

async function begun(): Promise<ScriptedDispatch> {
  const wire = await dispatcher.begun();
  wire.head();
  return wire;
}

test('M4 does nothing on a return before the first message but cancel', async () => {
  const handle = launch();
  const loop = pool.messages(handle);
  expect(await loop.return?.()).toEqual({ done: true, value: undefined });
  expect(await loop.return?.()).toEqual({ done: true, value: undefined });
  expect(await loop.next()).toEqual({ done: true, value: undefined });
  await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
});

test('M4 releases a next that waits when the loop is left', async () => {
  const handle = launch();
  const loop = pool.messages(handle);
  const waiting = loop.next();
  await loop.return?.();
  expect((await waiting).value).toMatchObject({ type: 'error', error: { code: 'ERR_CANCELLED' } });
  expect(await loop.next()).toEqual({ done: true, value: undefined });
});

test('M4 leaves the exchange alone when a loop is left that has ended', async () => {
  const handle = launch();
  const loop = pool.messages(handle);
  const wire = await begun();
  wire.end();
  for await (const message of loop) expect(['status', 'done']).toContain(message.type);
  await loop.return?.();
  await expect(loop.throw?.(new Error('late'))).rejects.toThrow('late');
  expect(pool.stats().totals).toEqual({ done: 1, error: {} });
  expect((await pool.await(handle)).status).toBe(200);
});

test('M1 serves several next calls in the order of the calls', async () => {
  const loop = pool.messages(launch());
  const results = [loop.next(), loop.next(), loop.next(), loop.next()];
  const wire = await begun();
  wire.data('a');
  wire.end();
  const types = (await Promise.all(results)).map(({ done, value }) => (done ? 'end' : value?.type));
  expect(types).toEqual(['status', 'data', 'done', 'end']);
});

test('M1 divides the messages among two loops, each message once', async () => {
  const handle = launch();
  const seen: string[] = [];
  const read = async (name: string): Promise<void> => {
    for await (const message of pool.messages(handle)) seen.push(`${name} ${message.type}`);
  };
  const loops = Promise.all([read('a'), read('b')]);
  const wire = await begun();
  wire.data('x');
  wire.end();
  await loops;
  expect(seen.map((entry) => entry.slice(2)).sort()).toEqual(['data', 'done', 'status']);
});

test('M1 refuses to read the mailbox of an exchange whose messages go elsewhere', async () => {
  const handle = pool.get('http://peer.test/', { stream: true, replyTo: () => {} });
  const refusal = expect.objectContaining({ code: 'ERR_BAD_OPTIONS' });
  expect(() => pool.messages(handle)).toThrow(refusal);
  await expect(pool.receive(handle)).rejects.toEqual(refusal);
  await expect(pool.receive({ ref: 'x' })).rejects.toMatchObject({ code: 'ERR_UNKNOWN_HANDLE' });
  await expect(pool.await({ ref: 'x' })).rejects.toMatchObject({ code: 'ERR_UNKNOWN_HANDLE' });
});
