/**
 * What arrives of an upload, and when: order, kinds of chunks, each flushed at once (U1, U6).
 */

import { describe, expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { settled } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { PROTOCOLS } from '../../helpers/upload-peer.ts';
import { uploadStage } from '../../helpers/upload-stage.ts';

describe.each(PROTOCOLS)('over %s', (protocol) => {
  test('U1 sends in call order, also when no call is awaited', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true, uploadBuffer: 7 });
    const numbers = Array.from({ length: 500 }, (_, index) => `${index};`);
    const sent = numbers.map((text) => pool.sendBody(handle, text));
    const finished = pool.finishBody(handle);
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: numbers.join(''), complete: true });
    expect(new Set(await Promise.all(sent))).toEqual(new Set([true]));
    expect(await finished).toBe(true);
    request.respond(204);
    request.end();
    const { upload } = await pool.await(handle);
    const bytesSent = numbers.join('').length;
    expect(upload).toEqual({ complete: true, bytesSent, endedBy: 'caller' });
  });

  test('U1 sends every kind of chunk, and of views what is in view', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    const { buffer } = Uint8Array.from(Buffer.from('0123456789'));
    const chunks = [
      'é',
      new Uint8Array(buffer, 1, 2),
      '',
      buffer,
      new Uint16Array(buffer, 2, 1),
      new DataView(buffer, 8, 2),
      new Uint8Array(),
    ];
    for (const chunk of chunks) expect(await pool.sendBody(handle, chunk)).toBe(true);
    void pool.finishBody(handle);
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: 'é1201234567892389', complete: true });
    pool.cancel(handle);
  });

  test('U1 lets the caller overwrite its buffer once the promise has settled', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true, uploadBuffer: 2 });
    const buffer = Buffer.alloc(3);
    const send = async () => {
      for (const letter of 'abcdef') {
        buffer.fill(letter);
        await pool.sendBody(handle, buffer);
      }
      buffer.fill('!');
      return pool.finishBody(handle);
    };
    const sent = send();
    const request = await peer.request();
    expect(await request.rest()).toEqual({ body: 'aaabbbcccdddeeefff', complete: true });
    expect(await sent).toBe(true);
    pool.cancel(handle);
  });

  test('U6 flushes each chunk without waiting for the next', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    void pool.sendBody(handle, 'first');
    const request = await peer.request();
    expect(await request.next()).toBe('first');
    for (const chunk of ['second', 'x', 'fourth'.repeat(100)]) {
      expect(await pool.sendBody(handle, chunk)).toBe(true);
      expect(await request.next()).toBe(chunk);
    }
    pool.cancel(handle);
  });

  test('U2 sends a chunk far larger than the buffer', async () => {
    await using stage = await uploadStage(protocol);
    const { pool, peer } = stage;
    const handle = pool.post(peer.origin, { streamBody: true });
    const huge = Buffer.alloc(5_000_000, 'x');
    const sent = [pool.sendBody(handle, huge), pool.sendBody(handle, 'end')];
    const finished = pool.finishBody(handle);
    const { body, complete } = await (await peer.request()).rest();
    expect([body.length, body.slice(-4), complete]).toEqual([5_000_003, 'xend', true]);
    expect(await Promise.all([...sent, finished])).toEqual([true, true, true]);
    pool.cancel(handle);
  });
});

test('U6 sends the head at once over HTTP/2', async () => {
  await using stage = await uploadStage('HTTP/2');
  const { pool, peer } = stage;
  const handle = pool.post(peer.origin, { streamBody: true, headers: { 'x-name': 'value' } });
  const request = await peer.request();
  expect(request.headers).toMatchObject({ ':method': 'POST', 'x-name': 'value' });
  void pool.sendBody(handle, 'first');
  expect(await request.next()).toBe('first');
});

test('U6 sends the head with the first chunk over HTTP/1.1', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const handle = pool.post(peer.origin, { streamBody: true });
  const connection = await peer.connection();
  await settled();
  expect(connection.received).toBe(0);
  void pool.sendBody(handle, 'first');
  expect((await connection.readHead()).method).toBe('POST');
  pool.cancel(handle);
});

test.each(PROTOCOLS)('U4 sends an empty body over %s, when it is finished', async (protocol) => {
  await using stage = await uploadStage(protocol);
  const { pool, peer } = stage;
  const handle = pool.post(peer.origin, { streamBody: true });
  const finished = pool.finishBody(handle);
  const request = await peer.request();
  expect(await request.rest()).toEqual({ body: '', complete: true });
  expect(await finished).toBe(true);
  request.respond(200);
  request.end();
  const { upload } = await pool.await(handle);
  expect(upload).toEqual({ complete: true, bytesSent: 0, endedBy: 'caller' });
});
