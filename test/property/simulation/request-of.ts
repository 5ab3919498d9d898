/** What a plan asks the pool for, but for who receives: options, callers, and a body that is there. */

import type { RequestOptions } from '../../../src/index.ts';
import { bytesOf } from './pattern.ts';
import type { Plan } from './plan.ts';

export function requestOf(
  { request, body, pieces, id }: Plan,
  callers: Pick<RequestOptions, 'caller' | 'signal'>,
): RequestOptions {
  const length = pieces.reduce((sum, bytes) => sum + bytes, 0);
  if (body === 'bytes') return { ...request, ...callers, body: bytesOf(id * 2 + 1, 0, length) };
  if (body === 'source') return { ...request, ...callers, body: sourceOf(id, pieces) };
  return { ...request, ...callers };
}

async function* sourceOf(id: number, pieces: readonly number[]): AsyncGenerator<Uint8Array> {
  let offset = 0;
  for (const bytes of pieces) {
    yield bytesOf(id * 2 + 1, offset, bytes);
    offset += bytes;
  }
}
