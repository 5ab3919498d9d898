/** Callers in threads of their own, and pools in one: real threads, nothing simulated. */

import { expect, test } from 'vitest';
import { connectPool, createPool } from '../../../src/index.ts';
import { patternBytes } from '../../helpers/echo-routes.ts';
import { echoServer } from '../../helpers/echo-server.ts';
import { gaugesOf, IDLE } from '../../helpers/ends.ts';
import { fixtureThread, portOf } from '../../helpers/fixture-thread.ts';
import { settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { ISOLATIONS } from '../../helpers/thread-pool.ts';

const CALLER = 'port-caller.ts';

test.each(ISOLATIONS)(
  'W6 a thread that is handed a port has all of the pool there (%s)',
  async (isolation) => {
    await using server = await echoServer();
    await using pool = createPool({ workers: 1, isolation });
    await using thread = fixtureThread(CALLER, {
      part: 'everything',
      port: pool.port(),
      origin: server.origin,
    });
    expect(await thread.next()).toEqual({ status: 200, bytes: 1000, worker: 1 });
    expect(await thread.next()).toEqual({ sent: [true, true], finished: true });
    expect(await thread.next()).toEqual({ types: ['status', 'data', 'done'], text: 'half, whole' });
    expect(await thread.next()).toEqual({ echoed: 'from a source' });
    expect(await thread.next()).toEqual({ isOurs: true, code: 'ERR_CONNECT' });
    expect(await thread.ended).toBe(0);
    expect(pool.stats().totals).toEqual({ done: 3, error: { ERR_CONNECT: 1 } });
    expect(gaugesOf(pool)).toEqual(IDLE);
  },
);

test.each(ISOLATIONS)(
  'U2 an upload larger than its buffer goes through a port (%s)',
  async (isolation) => {
    await using server = await echoServer();
    await using pool = createPool({ workers: 1, isolation });
    await using connected = connectPool(pool.port());
    const handle = connected.post(`${server.origin}/sink`, { streamBody: true });
    // Whole buffers, which are handed on from thread to thread, and parts of one, which are not.
    const part = patternBytes(100_000);
    let bytes = 0;
    for (const chunk of [...Array(16).fill(new Uint8Array(65_536)), ...Array(16).fill(part)]) {
      expect(await connected.sendBody(handle, chunk)).toBe(true);
      bytes += chunk.byteLength;
    }
    expect(await connected.finishBody(handle)).toBe(true);
    expect((await connected.await(handle)).json()).toMatchObject({ bytes });
  },
);

test('W6 a ref crosses threads: what is asked for in one is sent and read in another', async () => {
  await using server = await echoServer();
  await using pool = createPool({ workers: 1 });
  const handle = pool.post(`${server.origin}/echo`, { streamBody: true, stream: true });
  await using thread = fixtureThread(CALLER, {
    part: 'adopts',
    port: pool.port(),
    origin: server.origin,
    ref: handle.ref,
  });
  expect(await thread.next()).toEqual({ sent: [true, true], finished: true });
  expect(await thread.next()).toEqual({ text: 'sent from here', status: 200 });
  expect(await thread.ended).toBe(0);
  // Its messages were read over there; its end is there for everybody.
  expect(await pool.await(handle)).toMatchObject({ status: 200, upload: { complete: true } });
});

test.each(['exit', 'throw', 'destroy', 'terminate'])(
  'C1 a thread that ends (%s) is a dead caller: its upload is finished, its download cancelled',
  async (how) => {
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1 });
    await using thread = fixtureThread(CALLER, {
      part: 'unfinished',
      port: pool.port(),
      origin: peer.origin,
    });
    const upload = await peer.connection();
    expect(await thread.next()).toBe(true);
    expect((await upload.readHead()).target).toBe('/upload');
    const download = await peer.connection();
    await download.readHead();
    await download.writeHead(200, { 'transfer-encoding': 'chunked' });
    await download.writeChunk('some');
    expect(await thread.next()).toBe('status');
    if (how === 'terminate') await thread.worker.terminate();
    else thread.worker.postMessage(how);
    // The chunk that was accepted, and the proper end of the body.
    expect(await upload.readText(14)).toBe('4\r\nhalf\r\n0\r\n\r\n');
    await download.closed;
    await upload.respond(200);
    while (pool.stats().inFlight > 0) await settled(1);
    expect(pool.stats().totals).toEqual({ done: 0, error: { ERR_CALLER_DIED: 2 } });
    expect(gaugesOf(pool)).toEqual(IDLE);
  },
);

test('H3 whoever is connected to a pool whose thread dies is told so, and waits for nothing', async () => {
  await using peer = await scriptedPeer();
  await using home = fixtureThread('pool-thread.ts');
  await using thread = fixtureThread(CALLER, {
    part: 'bereaved',
    port: await portOf(home),
    origin: peer.origin,
  });
  expect(await thread.next()).toBe('begun');
  await peer.connection();
  await peer.connection();
  await home.worker.terminate();
  expect(await thread.next()).toEqual({
    waits: 'ERR_POOL_DESTROYED',
    reads: 'ERR_POOL_DESTROYED',
    sends: false,
    finishes: false,
  });
  expect(await thread.next()).toBe('ERR_POOL_DESTROYED');
  expect(await thread.ended).toBe(0);
});

test('W6 a pool in a thread of its own serves this one, and ends with all its ports', async () => {
  await using server = await echoServer();
  await using home = fixtureThread('pool-thread.ts');
  const pool = connectPool(await portOf(home));
  const idle = connectPool(await portOf(home));
  const unused = await portOf(home);
  const ends = await Promise.all(
    Array.from({ length: 32 }, () => pool.await(pool.get(`${server.origin}/bytes/100000`))),
  );
  expect(ends.map(({ body }) => body.length)).toEqual(Array(32).fill(100_000));
  home.worker.postMessage('close');
  // Nothing keeps the thread of a closed pool alive.
  expect(await home.ended).toBe(0);
  expect(() => pool.get(server.origin)).toThrow(
    expect.objectContaining({ code: 'ERR_POOL_CLOSED' }),
  );
  await Promise.all([pool.close(), idle.close()]);
  unused.close();
});

test('W6 a thread is served while the main thread is blocked', async () => {
  await using home = fixtureThread('pool-thread.ts');
  const done = new Int32Array(new SharedArrayBuffer(4));
  await using thread = fixtureThread(CALLER, {
    part: 'steady',
    port: await portOf(home),
    origin: '',
    done,
  });
  expect(await thread.next()).toBe('ready');
  thread.worker.postMessage('go');
  // Blocks this thread until the other has all its answers.
  expect(Atomics.wait(done, 0, 0, 20_000)).not.toBe('timed-out');
  expect(await thread.next()).toEqual(Array(20).fill(200));
});
