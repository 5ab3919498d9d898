/** What a body is read from: every kind of source, read to its end and given up before it. */

import { Readable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { createPool, type Pool, type RequestBody } from '../../../src/index.ts';
import {
  type BodySource,
  giveUpUnread,
  readerOf,
  sourceFrom,
} from '../../../src/pool/body-source.ts';
import { connectedPool } from '../../helpers/connected.ts';
import { settled } from '../../helpers/leaks.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setup(): Promise<{ readonly pool: Pool; readonly peer: ScriptedPeer }> {
  const peer = await scriptedPeer();
  const pool = createPool({ workers: 1, maxInFlight: 1 });
  cleanups.push(
    () => peer.close(),
    () => pool.destroy(),
  );
  return { pool, peer };
}

interface Still {
  readonly source: RequestBody & BodySource;
  readonly closed: () => boolean;
}

/** Sources that have given one chunk and then stand still. */
const STILL: readonly [string, () => Still][] = [
  ['a Readable', stillReadable],
  ['a ReadableStream', stillWebStream],
  ['an iterator', stillIterator],
];

function stillReadable(): Still {
  const source = new Readable({ read: () => {} });
  source.push('some');
  return { source, closed: () => source.destroyed };
}

function stillWebStream(): Still {
  let closed = false;
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('some')),
    cancel: () => {
      closed = true;
    },
  });
  return { source, closed: () => closed };
}

function stillIterator(): Still {
  let given = false;
  let closed = false;
  const never = new Promise<never>(() => {});
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        if (given) return never;
        given = true;
        return { done: false as const, value: 'some' };
      },
      return: async () => {
        closed = true;
        return { done: true as const, value: undefined };
      },
    }),
  };
  return { source, closed: () => closed };
}

async function textOf(source: BodySource): Promise<string> {
  const reader = readerOf(source);
  let text = '';
  for (;;) {
    const { done, value } = await reader.next();
    if (done === true) return text;
    text += typeof value === 'string' ? value : Buffer.from(value as Uint8Array).toString();
  }
}

test.each([
  ['a list', () => ['a', 'b']],
  ['a Readable', () => Readable.from(['a', 'b'])],
  ['a ReadableStream', () => new Blob(['ab']).stream()],
  ['a function that makes a list', () => sourceFrom(() => ['a', 'b'])],
  ['a function that makes a Readable', () => sourceFrom(() => Readable.from(['a', 'b']))],
  ['a function that makes text', () => sourceFrom(() => 'ab')],
])('reads %s to its end', async (_name, make) => {
  expect(await textOf(make())).toBe('ab');
});

test('throws what a source throws, and for what is none', async () => {
  const failing = Readable.from(['a']).destroy(new Error('broken'));
  await expect(textOf(failing)).rejects.toThrow('broken');
  const none = sourceFrom(() => 5 as unknown as BodySource);
  await expect(textOf(none)).rejects.toThrow(TypeError);
});

test.each(STILL)('gives up %s that stands still', async (_name, make) => {
  const { source, closed } = make();
  const reader = readerOf(source);
  await reader.next();
  const waiting = Promise.allSettled([reader.next()]);
  expect(closed()).toBe(false);
  reader.giveUp();
  await settled();
  expect(closed()).toBe(true);
  if (!(source instanceof Readable) && !(source instanceof ReadableStream)) return;
  const [{ status }] = await waiting;
  expect(['fulfilled', 'rejected']).toContain(status);
});

test.each(STILL)('gives up what a function has made: %s that stands still', async (_name, make) => {
  const { source, closed } = make();
  const reader = readerOf(sourceFrom(() => source));
  await reader.next();
  void Promise.allSettled([reader.next()]);
  reader.giveUp();
  await settled();
  expect(closed()).toBe(true);
});

test.each(STILL.slice(0, 2))('closes %s that nobody has begun to read', async (_name, make) => {
  const { source, closed } = make();
  giveUpUnread(source);
  await settled();
  expect(closed()).toBe(true);
});

test.each(STILL)('X1 closes %s when its exchange is cancelled', async (_name, make) => {
  const { pool, peer } = await setup();
  const { source, closed } = make();
  const handle = pool.post(peer.origin, { body: source });
  const connection = await peer.connection();
  await connection.readHead();
  expect(Buffer.from((await connection.nextChunk()) ?? []).toString()).toBe('some');
  expect(closed()).toBe(false);
  pool.cancel(handle);
  await connection.closed;
  expect(closed()).toBe(true);
});

test('X1 closes a stream whose exchange is cancelled in the queue', async () => {
  const { pool, peer } = await setup();
  pool.get(peer.origin);
  const { source, closed } = stillReadable();
  const waiting = pool.post(peer.origin, { body: source });
  pool.cancel(waiting);
  await expect(pool.await(waiting)).rejects.toMatchObject({ code: 'ERR_CANCELLED' });
  expect(closed()).toBe(true);
});

test('H1 refuses a stream as the body of two requests, and leaves the first whole', async () => {
  for (const stream of [Readable.from(['one ', 'body']), new Blob(['one body']).stream()]) {
    const { pool, peer } = await setup();
    // What is wrong with a request besides takes nothing from its body.
    expect(() => pool.post(peer.origin, { body: stream, window: -1 })).toThrow(
      /^bad options: window/,
    );
    const first = pool.post(peer.origin, { body: stream });
    const problem = 'is a stream that is the body of another request';
    expect(() => pool.post(peer.origin, { body: stream })).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTIONS', issues: [{ option: 'body', problem }] }),
    );
    const { body } = await (await peer.connection()).readRequest();
    expect(Buffer.from(body).toString()).toBe('one body');
    pool.cancel(first);
  }
});

test('P1 leaves a stream free whose request was not taken, because its options end the pool', async () => {
  await using connected = connectedPool();
  for (const ending of [createPool(), connected.connected]) {
    const { pool, peer } = await setup();
    const body = Readable.from(['still', ' whole']);
    let ended: Promise<void> | undefined;
    const options = {
      body,
      get idleTimeout() {
        ended = ending.destroy();
        return 1_000;
      },
    };
    expect(() => ending.post(peer.origin, options)).toThrow(
      expect.objectContaining({ code: 'ERR_POOL_DESTROYED' }),
    );
    await ended;
    const handle = pool.post(peer.origin, { body });
    const { body: sent } = await (await peer.connection()).readRequest();
    expect(Buffer.from(sent).toString()).toBe('still whole');
    pool.cancel(handle);
  }
});

test('H1 refuses a stream that has no bytes any more, or that somebody else reads', async () => {
  const { pool, peer } = await setup();
  const ended = Readable.from(['gone']);
  await ended.toArray();
  const destroyed = new Readable({ read() {} }).destroy();
  const locked = new Blob(['read']).stream();
  locked.getReader();
  const read = new Blob(['gone']).stream();
  for await (const _ of read);
  const cancelled = new Blob(['gone']).stream();
  await cancelled.cancel();
  for (const body of [ended, destroyed, locked, read, cancelled]) {
    expect(() => pool.post(peer.origin, { body })).toThrow(/^bad options: body: is a stream that /);
  }
});

/** A stream of which one chunk was read already. */
async function begunReadable(): Promise<Readable> {
  const begun = Readable.from(['peeked', 'rest']);
  await new Promise((resolve) => begun.once('readable', resolve));
  expect(begun.read()).toBe('peeked');
  return begun;
}

async function begunWebStream(): Promise<ReadableStream<Uint8Array>> {
  const begun = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of ['peeked', 'rest']) controller.enqueue(Buffer.from(chunk));
      controller.close();
    },
  });
  const reader = begun.getReader();
  expect(String((await reader.read()).value)).toBe('peeked');
  reader.releaseLock();
  return begun;
}

test.each([
  ['what is left of a Readable', begunReadable, 'rest'],
  ['what is left of a ReadableStream', begunWebStream, 'rest'],
  ['a ReadableStream that never had anything', async () => new Blob([]).stream(), ''],
  ['one that nobody has read, and that is closed', async () => closedWebStream(), ''],
])('sends %s', async (_what, make, text) => {
  const { pool, peer } = await setup();
  const handle = pool.post(peer.origin, { body: await make() });
  const { body } = await (await peer.connection()).readRequest();
  expect(Buffer.from(body).toString()).toBe(text);
  pool.cancel(handle);
});

function closedWebStream(): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
}
