/**
 * The fixed routes of the echo server: each answers by the request alone, without state.
 */

import type { OutgoingHttpHeaders } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Writable } from 'node:stream';
import type { Arrival, LoggedRequest } from './request-log.ts';

/** What HTTP/1.1 and HTTP/2 responses of node have in common. */
export interface EchoResponse extends Writable {
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
  /** Missing where `writeHead` sends at once, over HTTP/2. */
  flushHeaders?(): void;
  /** The stream beneath, over HTTP/2. */
  readonly stream?: ServerHttp2Stream;
  addTrailers(trailers: OutgoingHttpHeaders): void;
}

export type EchoRoute = (request: LoggedRequest, response: EchoResponse, arrival: Arrival) => void;

/** The bytes of `/bytes/:n`: byte i is i modulo 251, so that a shift or a gap shows. */
export function patternBytes(length: number, offset = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (offset + index) % 251);
}

export const NOT_FOUND: EchoRoute = (_request, response) => answer(response, 404, 'not found');

export const ROUTES: Readonly<Record<string, EchoRoute>> = {
  '/echo': (request, response) => {
    const type = request.headers['content-type'];
    response.writeHead(200, type === undefined ? {} : { 'content-type': type });
    response.flushHeaders?.();
    request.pipe(response);
    request.once('close', () => {
      if (!request.readableEnded) breakOff(response);
    });
  },
  '/bytes': (request, response) => {
    const length = Number(segment(request, 2));
    response.writeHead(200, { 'content-length': length });
    writePattern(response, length);
  },
  '/status': (request, response) => {
    const status = Number(segment(request, 2));
    const bodiless = status === 204 || status === 304;
    answer(response, status, bodiless ? '' : `status ${status}`);
  },
  '/sink': (_request, response, arrival) => {
    void arrival.finished.then(({ bytes, sha256, complete }) => {
      if (complete) answer(response, 200, JSON.stringify({ bytes, sha256 }), JSON_TYPE);
      else breakOff(response);
    });
  },
  '/headers': (request, response) => {
    answer(response, 200, JSON.stringify(request.headers), JSON_TYPE);
  },
  '/redirect': (request, response) => {
    const to = new URL(request.url ?? '', 'http://localhost').searchParams.get('to') ?? '/';
    answer(response, Number(segment(request, 2)), 'moved', { location: to });
  },
};

const JSON_TYPE = { 'content-type': 'application/json' };
const PATTERN_PERIOD = patternBytes(251 * 256);

/** Breaks a response off: a closed connection, or a reset that no client can take for an end. */
export function breakOff(response: EchoResponse): void {
  if (response.stream === undefined) response.destroy();
  else response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}

export function answer(
  response: EchoResponse,
  status: number,
  body: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

export function segment(request: LoggedRequest, index: number): string {
  return (request.url ?? '').split(/[/?]/)[index] ?? '';
}

/** Writes with backpressure, for ever if need be: a large download holds no memory. */
function writePattern(response: EchoResponse, length: number): void {
  let left = length;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const piece = PATTERN_PERIOD.subarray(0, Math.min(left, PATTERN_PERIOD.length));
      left -= piece.length;
      if (!response.write(piece) && left > 0) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}
