/**
 * Bytes that both ends of the demo can check: where they come from, what the server makes of them,
 * and how they are counted and hashed.
 *
 * Invariant: the same seed and size always give the same bytes, and no two chunks of an upload are
 * equal, so that a lost, doubled or swapped chunk changes the checksum.
 */

import { createHash } from 'node:crypto';

/** How many bytes there were, and their SHA-256 in hex. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

/** Bytes in one chunk of an upload. */
export const CHUNK_BYTES = 64 * 1024;

export const MIB = 1024 * 1024;

/** What the demo's server does to every byte. */
const MASK = 0x5a;

/**
 * Yields `totalBytes` pseudo-random bytes in chunks of `CHUNK_BYTES`, the last one shorter.
 * One buffer is used for all of them: `sendBody` allows that once its promise has settled.
 */
export function* testBytes(seed: number, totalBytes: number): Generator<Uint8Array> {
  const buffer = noise(seed);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  for (let offset = 0, index = 0; offset < totalBytes; offset += CHUNK_BYTES, index += 1) {
    view.setUint32(0, index);
    yield buffer.subarray(0, Math.min(CHUNK_BYTES, totalBytes - offset));
  }
}

/** The same bytes, but the second half only after `gate` has resolved. */
export async function* gatedBytes(
  seed: number,
  totalBytes: number,
  gate: Promise<void>,
): AsyncGenerator<Uint8Array> {
  let yieldedBytes = 0;
  for (const chunk of testBytes(seed, totalBytes)) {
    if (yieldedBytes >= totalBytes / 2) await gate;
    yieldedBytes += chunk.length;
    yield chunk;
  }
}

/** A new buffer with every byte of `chunk` XOR 0x5a. */
export function masked(chunk: Uint8Array): Uint8Array {
  const out = new Uint8Array(chunk.length);
  for (let index = 0; index < chunk.length; index += 1) out[index] = (chunk[index] ?? 0) ^ MASK;
  return out;
}

/** Counts and hashes bytes as they pass. `digest` may be read once, at the end. */
export class Tally {
  readonly #hash = createHash('sha256');
  bytes = 0;

  add(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
  }

  digest(): Digest {
    return { bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}

export function sameBytes(left: Digest, right: Digest): boolean {
  return left.bytes === right.bytes && left.sha256 === right.sha256;
}

/** Sizes for people: `32.0 MiB`, `4.0 KiB`, `12 B`. */
export function size(bytes: number): string {
  if (bytes >= MIB) return `${(bytes / MIB).toFixed(1)} MiB`;
  return bytes >= 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${bytes} B`;
}

/** One chunk of mulberry32 output. */
function noise(seed: number): Uint8Array {
  const words = new Uint32Array(CHUNK_BYTES / Uint32Array.BYTES_PER_ELEMENT);
  let state = seed >>> 0;
  for (let index = 0; index < words.length; index += 1) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    words[index] = mixed ^ (mixed >>> 14);
  }
  return new Uint8Array(words.buffer);
}
