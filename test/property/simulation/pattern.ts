/** Bytes that say where they belong: any mix-up of two exchanges, or of two places, shows. */

import { Random } from './random.ts';

/** The longest body of a simulated exchange. */
export const LONGEST_BODY = 512 * 1024;

const SOURCE = noise(2 * LONGEST_BODY);

/** `length` bytes of the body of exchange `id`, from `offset`. Not to be written to. */
export function bytesOf(id: number, offset: number, length: number): Uint8Array {
  const base = (id * 40_503) % LONGEST_BODY;
  return SOURCE.subarray(base + offset, base + offset + length);
}

function noise(length: number): Uint8Array {
  const random = new Random(1);
  return Uint8Array.from({ length }, () => random.below(256));
}
