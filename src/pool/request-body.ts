/**
 * What a `body` option stands for: bytes that are there, or a source that has to be read.
 *
 * Invariant: bytes are never copied and never read before the request is admitted; a body whose
 * media type is known says so, unless the caller named one.
 */

import { bytesGone, viewOf, wholeBody } from '../actors/chunk-bytes.ts';
import type { RequestBody } from '../options.ts';
import { type BodySource, sourceFrom, unreadable } from './body-source.ts';
import { encodeForm } from './multipart.ts';
import { show } from './validate.ts';

export interface BodyParts {
  readonly bytes: Uint8Array | undefined;
  readonly source: BodySource | undefined;
  /** The media type, where the kind of body has one. */
  readonly contentType: string | undefined;
  /** Bytes of a source, where they are known before it is read. */
  readonly length: number | undefined;
}

/** Bytes up to here go to the transport in one piece. */
const ONE_PIECE_BYTES = 1024 * 1024;
const PIECE_BYTES = 64 * 1024;

/**
 * Many bytes as a source of small pieces, under the backpressure of an upload. Node ends every
 * stream of an HTTP/2 session that holds more than 10 MiB (ENHANCE_YOUR_CALM), and undici gives it
 * a buffer whole.
 */
export function inPieces(body: BodyParts): BodyParts {
  const { bytes } = body;
  if (bytes === undefined || bytes.byteLength <= ONE_PIECE_BYTES) return body;
  return { ...body, bytes: undefined, source: piecesOf(bytes), length: bytes.byteLength };
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  const { byteLength } = bytes;
  for (let at = 0; at < byteLength; at += PIECE_BYTES) {
    if (bytes.byteLength !== byteLength) throw bytesGone();
    yield bytes.subarray(at, at + PIECE_BYTES);
  }
}

const NOTHING: BodyParts = {
  bytes: undefined,
  source: undefined,
  contentType: undefined,
  length: undefined,
};

/** The parts of a body, or what is wrong with it. */
export function resolveBody(body: RequestBody | undefined): BodyParts | string {
  if (body === undefined || body === null) return NOTHING;
  if (typeof body === 'string') return whole(Buffer.from(body));
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) {
    const bytes = viewOf(body);
    return bytes === undefined ? 'is memory that was transferred away' : whole(bytes);
  }
  if (body instanceof URLSearchParams) {
    const contentType = 'application/x-www-form-urlencoded;charset=UTF-8';
    return { ...whole(Buffer.from(body.toString())), contentType };
  }
  if (body instanceof Blob) {
    const contentType = body.type === '' ? undefined : body.type;
    // Nothing has to be read to know that nothing is in it.
    if (body.size === 0) return { ...whole(new Uint8Array(0)), contentType };
    return { ...NOTHING, source: body.stream(), contentType, length: body.size };
  }
  if (isFormData(body)) return formBody(body);
  if (typeof body === 'function') return { ...NOTHING, source: sourceFrom(body) };
  if (typeof body === 'object' && (Symbol.asyncIterator in body || Symbol.iterator in body)) {
    return unreadable(body) ?? { ...NOTHING, source: body };
  }
  return `must be bytes, a string, URLSearchParams, FormData, a Blob, an iterable, a stream or a function that makes one, not ${show(body)}`;
}

function whole(bytes: Uint8Array): BodyParts {
  return { ...NOTHING, bytes: wholeBody(bytes) };
}

function isFormData(body: object): body is FormData {
  const isTagged = Object.prototype.toString.call(body) === '[object FormData]';
  return isTagged && Symbol.iterator in body;
}

function formBody(form: FormData): BodyParts | string {
  const encoded = encodeForm(form);
  if (encoded === undefined) return 'has an entry that is neither text nor a Blob';
  const { content, contentType } = encoded;
  return { ...NOTHING, source: content.stream(), contentType, length: content.size };
}
