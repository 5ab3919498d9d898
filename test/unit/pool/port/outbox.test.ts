/** What cannot be posted on a port: it is answered for, and everything else arrives. */

import { once } from 'node:events';
import { MessageChannel, markAsUntransferable } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Outbox } from '../../../../src/pool/port/outbox.ts';
import { PortServer } from '../../../../src/pool/port/port-server.ts';
import { playedPool } from '../../../helpers/connected.ts';
import { gaugesOf, IDLE } from '../../../helpers/ends.ts';
import { collectUnhandled, settled } from '../../../helpers/leaks.ts';

const URL = 'http://peer.test/';

/** Posts items as one batch; what arrived, and what was asked for. */
async function post(items: readonly unknown[], transfer: readonly ArrayBuffer[] = []) {
  const { port1, port2 } = new MessageChannel();
  const arrived: unknown[] = [];
  port2.on('message', (batch: unknown[]) => arrived.push(...batch));
  const faults: unknown[] = [];
  const outbox = new Outbox<unknown>(port1, () => {}, {
    instead: (item, error) => {
      faults.push([item, String(error)]);
      return faults.length === 1 ? 'instead' : undefined;
    },
  });
  for (const [index, item] of items.entries()) outbox.post(item, index === 0 ? transfer : []);
  outbox.flush();
  port1.close();
  await once(port2, 'close');
  return { arrived, faults };
}

test('H3 what cannot be cloned is asked for once, and takes nothing else with it', async () => {
  const broken = { header: Symbol('x') };
  const { arrived, faults } = await post([1, broken, 2, broken, 3]);
  expect(arrived).toEqual([1, 'instead', 2, 3]);
  const fault = [broken, expect.stringContaining('DataCloneError')];
  expect(faults).toEqual([fault, fault]);
});

test('H3 what may not be transferred is copied', async () => {
  const chunk = new Uint8Array([1, 2, 3]);
  markAsUntransferable(chunk.buffer);
  const { arrived, faults } = await post([chunk, 'more'], [chunk.buffer]);
  expect([arrived, faults]).toEqual([[chunk, 'more'], []]);
});

test('H3 a message that cannot be cloned is an end of its exchange', async () => {
  const { port1, port2 } = new MessageChannel();
  const posted: unknown[] = [];
  port2.on('message', (message) => posted.push(message));
  // Nobody asks for anything here.
  const server = new PortServer({ defaults: {}, handles: {} } as never, port1);
  const headers = { x: Symbol('x') as never };
  const head = { status: 200, headers, rawHeaders: [], httpVersion: '1.1' } as const;
  server.report({ type: 'message', message: { type: 'status', ref: 'a', ...head } });
  server.report({ type: 'finished', ref: 'b', whole: true });
  server.close();
  await once(port2, 'close');
  const error = { code: 'ERR_PROTOCOL', ref: 'a', cause: { name: 'DataCloneError' } };
  expect(posted.slice(1)).toMatchObject([
    [{ type: 'refused', ref: 'a', error }],
    [{ type: 'finished', ref: 'b' }],
  ]);
});

test('H3 a response that cannot be cloned any more rejects one await in the other thread', async () => {
  await using played = playedPool();
  using seen = collectUnhandled();
  const { pool, connected, dispatcher } = played;
  const handles = ['spoilt', 'sound'].map((path) => pool.get(`${URL}${path}`));
  const adopted = handles.map(({ ref }) => connected.handle(ref));
  for (const _ of handles) {
    const wire = await dispatcher.begun();
    await settled();
    wire.head(200, { x: 'y' });
    wire.end();
  }
  const [spoilt] = await Promise.all(handles.map((handle) => pool.await(handle)));
  Object.assign(spoilt?.headers ?? {}, { x: () => {} });
  const awaited = adopted.map((handle) => connected.await(handle));
  const [failed, sound] = await Promise.allSettled(awaited);
  expect(failed).toMatchObject({
    reason: { code: 'ERR_PROTOCOL', cause: { name: 'DataCloneError' } },
  });
  expect(sound).toMatchObject({ value: { status: 200, headers: { x: 'y' } } });
  await settled();
  expect([seen.exceptions, seen.rejections]).toEqual([[], []]);
});

test('H3 a request whose options turn into what cannot be cloned ends, and takes no other with it', async () => {
  await using played = playedPool();
  using seen = collectUnhandled();
  const { pool, connected, dispatcher } = played;
  let reads = 0;
  const turning = {
    get timeout(): number {
      reads += 1;
      return reads === 1 ? 5_000 : (Symbol('turned') as never);
    },
  };
  const handles = [connected.get(URL), connected.get(URL, turning), connected.get(URL)];
  const ends = Promise.allSettled(handles.map((handle) => connected.await(handle)));
  for (let sound = 2; sound > 0; sound -= 1) {
    const wire = await dispatcher.begun();
    wire.head();
    wire.end();
  }
  const cause = { name: 'DataCloneError' };
  expect(await ends).toMatchObject([
    { value: { status: 200 } },
    { reason: { code: 'ERR_BAD_OPTIONS', sent: false, cause } },
    { value: { status: 200 } },
  ]);
  await settled();
  expect([seen.exceptions, seen.rejections]).toEqual([[], []]);
  expect(gaugesOf(pool)).toEqual(IDLE);
});
