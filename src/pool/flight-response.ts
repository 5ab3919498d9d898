/**
 * What has come of the response of one exchange: its head, the body as far as it is kept, trailers.
 *
 * Invariant: a body is kept once, here or with its receiver, and dropped when nobody wants it.
 */

import type { Head } from '../actors/carrier.ts';
import { decodeRawHeaders } from '../actors/raw-headers.ts';
import type {
  Metrics,
  PoolResponse,
  ResponseHeaders,
  StatusMessage,
  UploadOutcome,
} from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import { BufferedResponse, joinChunks } from './response.ts';

export class FlightResponse {
  head: Head | undefined;
  trailers: ResponseHeaders = NO_TRAILERS;
  bytesReceived = 0;
  #chunks: Uint8Array[] | undefined;

  /** Keeps a chunk for the buffered body. */
  keep(chunk: Uint8Array): void {
    if (this.#chunks === undefined) this.#chunks = [chunk];
    else this.#chunks.push(chunk);
  }

  /** Forgets the body. */
  drop(): void {
    this.#chunks = undefined;
  }

  /** The message that announces the response; `undefined` before there is one. */
  statusMessage(ref: string): StatusMessage | undefined {
    const { head } = this;
    if (head === undefined) return undefined;
    return {
      type: 'status',
      ref,
      status: head.status,
      headers: head.headers,
      rawHeaders: decodeRawHeaders(head.raw),
      httpVersion: head.httpVersion,
    };
  }

  /** The whole response, with what was kept of the body or what somebody else collected of it. */
  whole(end: ResponseEnd, collected: readonly Uint8Array[] = this.#chunks ?? []): PoolResponse {
    const { head } = this;
    return new BufferedResponse({
      ref: end.ref,
      status: head?.status ?? 0,
      headers: head?.headers ?? NO_TRAILERS,
      raw: head?.raw,
      trailers: this.trailers,
      body: joinChunks(collected),
      httpVersion: head?.httpVersion ?? '1.1',
      url: end.url,
      upload: end.upload,
      metrics: end.metrics,
    });
  }
}

/** What the end of an exchange adds to its response. */
export interface ResponseEnd {
  readonly ref: string;
  readonly url: string;
  readonly upload: UploadOutcome | undefined;
  readonly metrics: Metrics;
}

export function responseEnd(
  { url }: ResolvedRequest,
  { ref, upload, metrics }: Omit<ResponseEnd, 'url'>,
): ResponseEnd {
  return { ref, url, upload, metrics };
}

const NO_TRAILERS: ResponseHeaders = Object.freeze({});
