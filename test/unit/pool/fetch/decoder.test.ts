/** One content coding of a response body. */

import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { DECODERS, Decoder } from '../../../../src/pool/fetch/decoder.ts';
import { settled } from '../../../helpers/leaks.ts';

function decoder(name: string): Decoder {
  const open = DECODERS.get(name);
  if (open === undefined) throw new Error(`no decoder for ${name}`);
  return new Decoder(open);
}

const TEXT = Buffer.from('again and again '.repeat(10_000));

test.each([
  ['gzip', gzipSync(TEXT)],
  ['deflate', deflateSync(TEXT)],
  ['deflate', deflateRawSync(TEXT)],
])('N9 decodes %s, in whatever pieces it comes', async (name, encoded) => {
  for (const size of [1, 7, encoded.length]) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < encoded.length; at += size) pieces.push(encoded.subarray(at, at + size));
    const decoded = await buffer(Readable.from(pieces).pipe(decoder(name)));
    expect(decoded.equals(TEXT)).toBe(true);
  }
});

test('N9 a body without a byte is empty, one that is cut off is an error', async () => {
  const empty = decoder('gzip');
  empty.end();
  expect((await buffer(empty)).length).toBe(0);
  const cut = decoder('gzip');
  cut.end(gzipSync(TEXT).subarray(0, 30));
  await expect(buffer(cut)).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
});

test('F2 a small body that becomes a large one is decoded no further than it is read', async () => {
  const large = decoder('gzip');
  large.end(gzipSync(Buffer.alloc(32 * 1024 * 1024)));
  await settled(50);
  expect(large.readableLength).toBeLessThanOrEqual(256 * 1024);
  expect((await buffer(large)).length).toBe(32 * 1024 * 1024);
});

test('P2 a decoder that is given up lets go of its memory', async () => {
  const left = decoder('gzip');
  left.write(gzipSync(TEXT).subarray(0, 100));
  await settled();
  left.destroy();
  await settled();
  expect(left.closed).toBe(true);
});
