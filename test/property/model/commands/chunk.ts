/**
 * Chunks of a request body: empty, text, binary, just what is left of a declared length, a byte more
 * than that, or more than fits anywhere.
 */

import { patternBytes } from '../../../helpers/echo-routes.ts';
import type { ExpectedUpload } from '../expected-upload.ts';

export type ChunkKind = 'empty' | 'text' | 'binary' | 'rest' | 'excess' | 'large' | 'huge';

const LARGE_BYTES = 100_000;
/** More than a window of HTTP/2 holds, and mostly more than the sockets between do. */
const HUGE_BYTES = 4 * 1024 * 1024;

/** The next chunk of an upload, or for a request that has none. */
export function chunkOf(kind: ChunkKind, upload: ExpectedUpload | undefined): Uint8Array | string {
  const offset = upload?.sends.length ?? 0;
  const left = upload?.contentLength === undefined ? 9 : upload.contentLength - upload.accepted;
  switch (kind) {
    case 'empty':
      return '';
    case 'text':
      return `chunk ${offset} à la carte`;
    case 'binary':
      return patternBytes(60, offset);
    case 'rest':
      return patternBytes(left, offset);
    case 'excess':
      return patternBytes(left + 1, offset);
    case 'large':
      return patternBytes(LARGE_BYTES, offset);
    default:
      return Buffer.alloc(HUGE_BYTES, offset);
  }
}
