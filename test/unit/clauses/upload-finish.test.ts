/**
 * The end of an upload by its caller, and what the terminal message says of it (U3, U4, U9).
 */

import { describe, expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { settled } from '../../helpers/leaks.ts';
import { PROTOCOLS } from '../../helpers/upload-peer.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('U4 finishes once, and answers every call alike', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    void pool.sendBody(handle, 'body');
    const finishes = [pool.finishBody(handle), pool.finishBody(handle)];
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: 'body', complete: true });
    expect(await Promise.all([...finishes, pool.finishBody(handle)])).toEqual([true, true, true]);
    request.respond(200);
    request.end();
    expect((await pool.await(handle)).upload?.complete).toBe(true);
    expect(await pool.finishBody(handle)).toBe(true);
  });

  test('U3 answers false after the finish, and drops the chunk', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    void pool.sendBody(handle, 'body');
    void pool.finishBody(handle);
    expect(await pool.sendBody(handle, 'more')).toBe(false);
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: 'body', complete: true });
    expect(await pool.sendBody(handle, 'more')).toBe(false);
    request.respond(200);
    request.end();
    await pool.await(handle);
    expect(await pool.sendBody(handle, 'more')).toBe(false);
  });

  test('U3 rejects a chunk of a wrong type and leaves the upload untouched', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    void pool.sendBody(handle, 'be');
    for (const chunk of [undefined, null, 7, {}, ['x']]) {
      // What a caller without types may pass.
      const sent = pool.sendBody(handle, chunk as unknown as string);
      await expect(sent).rejects.toMatchObject({ code: 'ERR_BAD_OPTIONS' });
    }
    void pool.sendBody(handle, 'hind');
    void pool.finishBody(handle);
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: 'behind', complete: true });
  });

  test('U4 answers false where the upload failed before it was whole', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    void pool.sendBody(handle, 'half');
    const request = await peer.request();
    request.reset();
    await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_SOCKET' });
    expect(await pool.finishBody(handle)).toBe(false);
    expect((await request.rest()).complete).toBe(false);
  });

  test('U9 says how a failed upload ended, and how much of it was sent', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    void pool.sendBody(handle, 'half');
    const request = await peer.request();
    expect(await request.next()).toBe('half');
    pool.cancel(handle);
    const upload = { complete: false, bytesSent: 4, endedBy: 'failure' };
    expect(await pool.receive(handle)).toMatchObject({ type: 'error', upload });
    expect(await request.closed()).toEqual({ aborted: true });
    expect((await request.rest()).complete).toBe(false);
  });

  test.each([
    ['bytes', Buffer.from('whole'), 'whole'],
    ['text', 'whole', 'whole'],
    ['an iterable', ['who', 'le'], 'whole'],
    ['nothing', '', ''],
  ])('U9 calls a body of %s complete', async (_kind, body, expected) => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { body });
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: expected, complete: true });
    request.respond(200);
    request.end();
    const { upload } = await pool.await(handle);
    expect(upload).toEqual({ complete: true, bytesSent: expected.length, endedBy: 'caller' });
  });

  test('U9 calls bytes incomplete that had not left when the exchange failed', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { body: Buffer.alloc(64 * 1024 * 1024) });
    const request = await peer.request();
    request.stall();
    await settled();
    pool.cancel(handle);
    const upload = { complete: false, endedBy: 'failure' };
    expect(await pool.receive(handle)).toMatchObject({ type: 'error', upload });
    expect(await request.closed()).toEqual({ aborted: true });
  });

  test('U9 calls bytes complete that had left when the exchange failed', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { body: 'whole' });
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: 'whole', complete: true });
    const next = pool.get(peer.origin);
    await peer.request();
    pool.cancel(next);
    pool.cancel(handle);
    const upload = { complete: true, bytesSent: 5, endedBy: 'caller' };
    expect(await pool.receive(handle)).toMatchObject({ type: 'error', upload });
  });

  test('U9 says nothing of an upload where there was none', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.get(peer.origin);
    expect(await pool.sendBody(handle, 'x')).toBe(false);
    expect(await pool.finishBody(handle)).toBe(false);
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: '', complete: true });
    request.respond(200);
    request.end();
    expect((await pool.await(handle)).upload).toBeUndefined();
  });
});

test('U9 calls an upload that never left the queue ended, not complete', async () => {
  await using stage = await uploadStage('HTTP/1.1', { maxInFlight: 1 });
  const { pool, origin } = stage;
  const first = pool.get(origin);
  const [open, bytes] = [pool.post(origin, { streamBody: true }), pool.post(origin, { body: 'x' })];
  void pool.sendBody(open, 'x');
  void pool.finishBody(open);
  for (const handle of [open, bytes, first]) pool.cancel(handle);
  const upload = { complete: false, bytesSent: 0, endedBy: 'failure' };
  expect(await pool.receive(open)).toMatchObject({ type: 'error', upload });
  expect(await pool.receive(bytes)).toMatchObject({ type: 'error', upload });
});

test('U4 refuses trailers, which the transport cannot send, and leaves the upload open', async () => {
  await using stage = await uploadStage('HTTP/1.1');
  const { pool, peer } = stage;
  const handle = pool.post(peer.origin, { streamBody: true });
  // The option is not in the type, because no transport takes it.
  const trailers: object = { trailers: { 'x-checksum': '1' } };
  const finish: (...args: [typeof handle, object]) => Promise<boolean> = pool.finishBody.bind(pool);
  await expect(finish(handle, trailers)).rejects.toMatchObject({
    code: 'ERR_BAD_OPTIONS',
    issues: [{ option: 'trailers' }],
  });
  expect(await pool.sendBody(handle, 'still open')).toBe(true);
  void pool.finishBody(handle);
  expect(await (await peer.request()).rest()).toEqual({ body: 'still open', complete: true });
});

test('U3 answers false for the handle of a destroyed pool', async () => {
  const pool = createPool({ workers: 1 });
  const handle = pool.post('http://localhost:1', { streamBody: true });
  const blocked = pool.sendBody(handle, Buffer.alloc(1_000_000));
  await pool.destroy();
  expect([await blocked, await pool.sendBody(handle, 'x'), await pool.finishBody(handle)]).toEqual([
    false,
    false,
    false,
  ]);
});
