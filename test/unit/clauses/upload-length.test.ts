/**
 * A declared content-length that the body does not keep: the library counts, and the peer never
 * takes the request for complete (U5).
 */

import { describe, expect, test } from 'vitest';
import { PROTOCOLS } from '../../helpers/upload-peer.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

const BROKEN = { code: 'ERR_BODY_LENGTH', phase: 'upload' };

describe.each(PROTOCOLS)('over %s', (protocol) => {
  const declared = { streamBody: true, headers: { 'content-length': '10' } } as const;

  test('U5 sends a body that keeps its length', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, declared);
    for (const chunk of ['0123', '45', '6789'])
      expect(await pool.sendBody(handle, chunk)).toBe(true);
    const finished = pool.finishBody(handle);
    const request = await peer.request();
    expect(request.headers['content-length']).toBe('10');
    expect(await request.rest()).toEqual({ body: '0123456789', complete: true });
    expect(await finished).toBe(true);
    request.respond(200);
    request.end();
    const upload = { complete: true, bytesSent: 10, endedBy: 'caller' };
    expect((await pool.await(handle)).upload).toEqual(upload);
  });

  test('U5 ends in an error one byte too early, and the peer sees an aborted request', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, declared);
    void pool.sendBody(handle, '012345678');
    const request = await peer.request();
    expect(await pool.finishBody(handle)).toBe(false);
    await expect(pool.await(handle)).rejects.toMatchObject(BROKEN);
    expect(await request.closed()).toEqual({ aborted: true });
    expect((await request.rest()).complete).toBe(false);
  });

  test('U5 stops before the first byte too many', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, declared);
    void pool.sendBody(handle, '01234567');
    const request = await peer.request();
    await expect.poll(() => pool.stats().workers[0]?.bytesSent).toBe(8);
    expect(await pool.sendBody(handle, '89X')).toBe(false);
    expect(await pool.receive(handle)).toMatchObject({
      type: 'error',
      error: BROKEN,
      upload: { complete: false, bytesSent: 8, endedBy: 'failure' },
    });
    expect(await request.closed()).toEqual({ aborted: true });
    const { body, complete } = await request.rest();
    expect(['', '01234567']).toContain(body);
    expect(complete).toBe(false);
  });

  test('U5 holds the last declared byte, so that a cancel never looks complete', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, declared);
    expect(await pool.sendBody(handle, '0123456789')).toBe(true);
    const request = await peer.request();
    pool.cancel(handle);
    expect(await request.closed()).toEqual({ aborted: true });
    expect((await request.rest()).complete).toBe(false);
  });

  test('U5 refuses an excess also after all was sent and held', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, declared);
    expect(await pool.sendBody(handle, '0123456789')).toBe(true);
    const request = await peer.request();
    expect(await pool.sendBody(handle, 'X')).toBe(false);
    await expect(pool.await(handle)).rejects.toMatchObject(BROKEN);
    expect((await request.rest()).complete).toBe(false);
  });

  test('U5 finishes an empty body of declared length nought', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const headers = { 'content-length': '0' };
    const handle = pool.post(peer.origin, { streamBody: true, headers });
    expect(await pool.finishBody(handle)).toBe(true);
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: '', complete: true });
    request.respond(200);
    request.end();
    expect((await pool.await(handle)).upload?.complete).toBe(true);
  });

  test.each([
    ['sendBody', { streamBody: true, headers: { 'content-length': '0' } }],
    ['a Blob', { body: new Blob([]) }],
  ])(
    'U9 calls an empty body of declared length whole, however soon its peer answers (%s)',
    async (_by, options) => {
      await using stage = await uploadStage(protocol);
      const { pool, peer } = stage;
      const handle = pool.post(peer.origin, options);
      const finished = 'streamBody' in options ? pool.finishBody(handle) : true;
      const request = await peer.request();
      request.respond(200);
      request.end();
      expect((await pool.await(handle)).upload).toEqual({
        complete: true,
        bytesSent: 0,
        endedBy: 'caller',
      });
      expect(await finished).toBe(true);
    },
  );

  test('U5 counts a body that is read from an iterable', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    async function* body() {
      yield '01234';
      await begun;
      yield '56789X';
    }
    const handle = pool.post(peer.origin, { body: body(), headers: declared.headers });
    const request = await peer.request();
    begin();
    await expect(pool.await(handle)).rejects.toMatchObject(BROKEN);
    expect((await request.rest()).complete).toBe(false);
  });
});
