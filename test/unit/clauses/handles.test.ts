/** Clause H2: what a handle is worth to its pool, to another pool, and to a forger. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, Pool } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

let peer: ScriptedPeer;
let pool: Pool;

beforeEach(async () => {
  peer = await scriptedPeer();
  pool = createPool();
});

afterEach(async () => {
  await pool.close();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  await peer.close();
});

const UNKNOWN = expect.objectContaining({ name: 'RequestError', code: 'ERR_UNKNOWN_HANDLE' });

/** None of these calls may take the value for a handle, and none may crash. */
async function expectUnknown(value: unknown): Promise<void> {
  // No handle, on purpose.
  const handle = value as AsyncHandle;
  await expect(pool.await(handle)).rejects.toEqual(UNKNOWN);
  await expect(pool.receive(handle)).rejects.toEqual(UNKNOWN);
  await expect(pool.sendBody(handle, 'x')).rejects.toEqual(UNKNOWN);
  await expect(pool.finishBody(handle)).rejects.toEqual(UNKNOWN);
  expect(() => pool.messages(handle)).toThrow(UNKNOWN);
  expect(() => pool.cancel(handle)).not.toThrow();
  expect(() => pool.updateFlow(handle, 5)).not.toThrow();
}

test.each([
  ['undefined', () => undefined],
  ['null', () => null],
  ['a ref', (real: AsyncHandle) => real.ref],
  ['a number', () => 7],
  ['an empty object', () => ({})],
  ['a copy', (real: AsyncHandle) => ({ ...real })],
  ['a frozen copy', (real: AsyncHandle) => Object.freeze({ ref: real.ref })],
  ['a clone', (real: AsyncHandle) => structuredClone(real)],
  ['an heir', (real: AsyncHandle) => Object.create(real)],
  ['a proxy', (real: AsyncHandle) => new Proxy(real, {})],
  ['one of its own making', forged],
])('H2 %s is no handle, and the exchange it imitates goes on', async (_name, forge) => {
  const real = pool.post(peer.origin, { streamBody: true, stream: true });
  expect(await pool.sendBody(real, 'a')).toBe(true);
  const connection = await peer.connection();
  await connection.readHead();
  expect(Buffer.from((await connection.nextChunk()) ?? []).toString()).toBe('a');
  using unhandled = collectUnhandled();
  await expectUnknown(forge(real));
  await settled();
  expect(unhandled).toMatchObject({ rejections: [], exceptions: [], warnings: [] });
  expect(await pool.finishBody(real)).toBe(true);
  await connection.respond(200, {}, 'fine');
  expect((await pool.await(real)).text()).toBe('fine');
});

/** The class of handles is not exported; this gets at it all the same. */
function forged(real: AsyncHandle): unknown {
  const Handle = Object.getPrototypeOf(real).constructor;
  return Reflect.construct(Handle, [real.ref, { stop() {}, grant() {} }]);
}

test('H2 a handle of another pool is unknown here', async () => {
  await using other = createPool();
  const foreign = other.get(peer.origin);
  const connection = await peer.connection();
  await expectUnknown(foreign);
  expect(() => pool.handle(foreign.ref)).toThrow(UNKNOWN);
  await connection.readHead();
  await connection.respond(200);
  expect((await other.await(foreign)).status).toBe(200);
});

test.each([undefined, null, 7, '', 'nope', {}, Symbol('ref')])(
  'H2 pool.handle(%s) is an unknown handle',
  (ref) => {
    expect(() => pool.handle(ref as string)).toThrow(UNKNOWN);
  },
);

test('H2 a handle is rebuilt from its ref while its exchange runs', async () => {
  const handle = pool.get(peer.origin);
  const { ref } = JSON.parse(JSON.stringify(handle));
  const rebuilt = pool.handle(ref);
  expect(rebuilt.ref).toBe(handle.ref);
  const connection = await peer.connection();
  await connection.readHead();
  await connection.respond(200, {}, 'same');
  const [one, two] = await Promise.all([pool.await(handle), pool.await(rebuilt)]);
  expect(two.text()).toBe('same');
  expect(two).toBe(one);
});

test('H2 refs are strings that no two requests share', async () => {
  const controller = new AbortController();
  controller.abort();
  const handles = Array.from({ length: 1000 }, () =>
    pool.get(peer.origin, { signal: controller.signal }),
  );
  expect(new Set(handles.map(({ ref }) => ref)).size).toBe(1000);
  for (const handle of handles) {
    expect(handle.ref).toEqual(expect.any(String));
    expect(Object.isFrozen(handle)).toBe(true);
    expect(Reflect.ownKeys(handle)).toEqual(['ref']);
  }
});
