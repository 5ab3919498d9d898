/**
 * What the upload channel counts: the bytes of each kind of chunk, and the length that was declared.
 */

import { describe, expect, test } from 'vitest';
import { chunkBytes } from '../../../src/actors/chunk-bytes.ts';
import { readAll, take, uploadChannel } from '../../helpers/upload-channel.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('kinds of chunks', () => {
  const buffer = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]).buffer;

  test('U1 takes text as UTF-8, and as bytes of its own', () => {
    expect(chunkBytes('h\u00e9\u{1f600}')).toEqual({
      bytes: Buffer.from([0x68, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]),
      owned: true,
    });
  });

  test.each([
    ['a Uint8Array', new Uint8Array(buffer, 2, 3), [2, 3, 4]],
    ['a Buffer', Buffer.from(buffer, 2, 3), [2, 3, 4]],
    ['an Int16Array', new Int16Array(buffer, 2, 2), [2, 3, 4, 5]],
    ['a Float64Array', new Float64Array(buffer), [0, 1, 2, 3, 4, 5, 6, 7]],
    ['a BigUint64Array', new BigUint64Array(buffer), [0, 1, 2, 3, 4, 5, 6, 7]],
    ['a DataView', new DataView(buffer, 5, 2), [5, 6]],
    ['an ArrayBuffer', buffer, [0, 1, 2, 3, 4, 5, 6, 7]],
    ['an empty view at the end', new Uint8Array(buffer, 8), []],
  ])('U1 takes the bytes of %s that are in view', (_kind, chunk, expected) => {
    const taken = chunkBytes(chunk);
    expect(Array.from(taken?.bytes ?? [-1])).toEqual(expected);
    expect(taken?.owned).toBe(false);
  });

  test.each([[undefined], [null], [7], [[1, 2]], [{ length: 1 }], [new Blob(['x'])]])(
    'U3 knows that %s is no chunk',
    (value) => {
      // What a caller without types may pass.
      expect(chunkBytes(value as unknown as string)).toBeUndefined();
    },
  );
});

describe('declared length', () => {
  test('U5 holds the last declared byte until the finish', async () => {
    const { body, observer } = uploadChannel(100, 5);
    const stream = body.open();
    void body.write(bytes('abc'), false);
    void body.write(bytes('de'), false);
    expect([take(stream), take(stream), take(stream)]).toEqual(['abc', 'd', 'null']);
    expect([body.bytesSent, body.finishable]).toEqual([4, true]);
    expect(body.finish()).toBe(true);
    expect(await readAll(stream)).toBe('e');
    expect(observer.broken).toBe(0);
  });

  test('U5 holds the last byte of a chunk that was let in after the finish', async () => {
    const { body } = uploadChannel(1, 4);
    for (const text of ['ab', 'c', 'd']) void body.write(bytes(text), false);
    expect(body.finish()).toBe(true);
    expect(await readAll(body.open())).toBe('abcd');
  });

  test('U5 refuses a byte too many before it, and sends nothing of its chunk', async () => {
    const { body, observer } = uploadChannel(100, 3);
    const stream = body.open();
    expect(await body.write(bytes('ab'), false)).toBe(true);
    expect(await body.write(bytes('cd'), false)).toBe(false);
    expect(observer.broken).toBe(1);
    expect([take(stream), take(stream)]).toEqual(['ab', 'null']);
  });

  test('U5 refuses a byte too many also when the sender had to wait', async () => {
    const { body, observer } = uploadChannel(1, 3);
    const stream = body.open();
    const taken = body.write(bytes('ab'), false);
    const excess = body.write(bytes('cd'), false);
    expect(observer.broken).toBe(0);
    expect(take(stream)).toBe('ab');
    expect([await taken, await excess, observer.broken]).toEqual([true, false, 1]);
  });

  test('U5 refuses to finish a byte too early, or with too many on their way', () => {
    const short = uploadChannel(100, 3);
    void short.body.write(bytes('ab'), false);
    expect([short.body.finish(), short.body.finishable, short.observer.broken]).toEqual([
      false,
      false,
      1,
    ]);
    const long = uploadChannel(1, 3);
    for (const text of ['ab', 'cd']) void long.body.write(bytes(text), false);
    expect([long.body.finish(), long.observer.broken]).toEqual([false, 1]);
  });
});
