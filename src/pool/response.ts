/**
 * The response that `await` and the `done` message hand over.
 *
 * Invariant: all of it is data that the caller may keep; `rawHeaders` is decoded on first use,
 * because few look at it.
 */

import { decodeRawHeaders } from '../actors/raw-headers.ts';
import type {
  HttpVersion,
  Metrics,
  PlainResponse,
  PoolResponse,
  ResponseHeaders,
  UploadOutcome,
} from '../messages.ts';

/** What a response is made of. */
export interface ResponseParts {
  readonly ref: string;
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** undici's raw form, buffers in turn or the headers of an HTTP/2 stream, or the packed one. */
  readonly raw: unknown;
  readonly trailers: ResponseHeaders;
  readonly body: Uint8Array;
  readonly httpVersion: HttpVersion;
  readonly url: string;
  readonly upload: UploadOutcome | undefined;
  readonly metrics: Metrics;
}

const NO_REDIRECTS: readonly string[] = Object.freeze([]);
const DECODER = new TextDecoder();

export class BufferedResponse implements PoolResponse {
  readonly ref: string;
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly trailers: ResponseHeaders;
  readonly body: Uint8Array;
  readonly httpVersion: HttpVersion;
  readonly url: string;
  readonly redirects: readonly string[] = NO_REDIRECTS;
  readonly upload: UploadOutcome | undefined;
  readonly metrics: Metrics;
  #raw: unknown;
  #rawHeaders: readonly string[] | undefined;

  constructor(parts: ResponseParts) {
    this.ref = parts.ref;
    this.status = parts.status;
    this.headers = parts.headers;
    this.trailers = parts.trailers;
    this.body = parts.body;
    this.httpVersion = parts.httpVersion;
    this.url = parts.url;
    this.upload = parts.upload;
    this.metrics = parts.metrics;
    this.#raw = parts.raw;
  }

  get rawHeaders(): readonly string[] {
    if (this.#rawHeaders === undefined) {
      this.#rawHeaders = decodeRawHeaders(this.#raw);
      this.#raw = undefined;
    }
    return this.#rawHeaders;
  }

  text(): string {
    return DECODER.decode(this.body);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }
}

/** The response that a plain one stands for. */
export function responseOf(plain: PlainResponse): PoolResponse {
  return new BufferedResponse({ ...plain, raw: plain.rawHeaders });
}

/** The response without methods, for a `MessagePort` (clause M7). */
export function plainResponse(response: PoolResponse): PlainResponse {
  return {
    ref: response.ref,
    status: response.status,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    trailers: response.trailers,
    body: response.body,
    httpVersion: response.httpVersion,
    url: response.url,
    redirects: response.redirects,
    upload: response.upload,
    metrics: response.metrics,
  };
}

/** One array for all chunks; a single chunk is handed over as it is. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0] ?? EMPTY;
  return chunks.length === 0 ? EMPTY : Buffer.concat(chunks);
}

const EMPTY = new Uint8Array(0);
