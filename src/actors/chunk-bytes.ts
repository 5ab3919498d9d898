/**
 * What a chunk of a request body may be, as bytes (U1).
 */

import type { BodyChunk } from '../options.ts';

/** The bytes of a chunk and whether they are our own; `undefined` for a value of another type. */
export function chunkBytes(
  chunk: BodyChunk,
): { readonly bytes: Uint8Array; readonly owned: boolean } | undefined {
  if (typeof chunk === 'string') return { bytes: Buffer.from(chunk, 'utf8'), owned: true };
  if (ArrayBuffer.isView(chunk)) {
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    return { bytes, owned: false };
  }
  if (chunk instanceof ArrayBuffer) return { bytes: new Uint8Array(chunk), owned: false };
  return undefined;
}
