/**
 * What a chunk of a request body may be, as bytes (U1), and what is to be done when its memory is
 * taken away before they were sent.
 */

import type { BodyChunk } from '../options.ts';

/** The bytes of a chunk, and whether they are our own. */
interface ChunkBytes {
  readonly bytes: Uint8Array;
  readonly owned: boolean;
}

/** `undefined` for a value of another type, and for memory that was transferred away. */
export function chunkBytes(chunk: BodyChunk): ChunkBytes | undefined {
  if (typeof chunk === 'string') return { bytes: Buffer.from(chunk, 'utf8'), owned: true };
  const bytes = viewOf(chunk);
  return bytes && { bytes, owned: false };
}

/** The bytes of a chunk that a body source has yielded; throws for what is none. */
export function sourceChunk(chunk: BodyChunk): ChunkBytes {
  const known = chunkBytes(chunk);
  if (known === undefined) throw new TypeError('the body source yielded what is no chunk');
  return known;
}

/**
 * The bytes that a buffer or a view of one stands for, never of another length than now; `undefined`
 * for a value of another type, and for memory that was transferred away.
 */
export function viewOf(value: unknown): Uint8Array | undefined {
  try {
    if (ArrayBuffer.isView(value)) {
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    }
    if (value instanceof ArrayBuffer) return new Uint8Array(value, 0, value.byteLength);
  } catch {
    // Nothing else can be wrong with a view than that its memory is gone.
  }
  return undefined;
}

/** A whole body; an empty one is always the same, so any other without bytes has lost them. */
export function wholeBody(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === 0 ? NO_BYTES : bytes;
}

const NO_BYTES = new Uint8Array(0);

/** Whether the memory of a whole body was transferred away since it was given. */
export function isGone(bytes: Uint8Array): boolean {
  return bytes.byteLength === 0 && bytes !== NO_BYTES;
}

/** What an upload ends with whose bytes were transferred away before they were taken. */
export function bytesGone(): TypeError {
  return new TypeError('bytes of the body were transferred away before they were sent');
}
