/**
 * One face for the scripted peers of both protocols, as far as uploads need it: a test that says
 * what holds on HTTP/1.1 and HTTP/2 alike is written once. What holds on one only uses its peer.
 */

import type { Settings } from 'node:http2';
import type { Readable } from 'node:stream';
import { http2Peer } from './http2-peer.ts';
import type { PeerStream } from './http2-stream.ts';
import type { ScriptedConnection } from './scripted-connection.ts';
import { scriptedPeer } from './scripted-peer.ts';
import { trustedServer, trustTestCa } from './tls.ts';

export type Protocol = 'HTTP/1.1' | 'HTTP/2';

export const PROTOCOLS: readonly Protocol[] = ['HTTP/1.1', 'HTTP/2'];

/** How a request body came to its end. */
export interface BodyEnd {
  readonly body: string;
  /** Whether the peer was told that this was all: the last chunk, or END_STREAM. */
  readonly complete: boolean;
}

export interface UploadRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The next piece of the body; `undefined` at its end. Rejects when it was cut off. */
  next(): Promise<string | undefined>;
  /** The rest of the body, whether it was ended or cut off. */
  rest(): Promise<BodyEnd>;
  /** Response headers. */
  respond(status: number, headers?: Readonly<Record<string, string>>): void;
  write(data: string): void;
  /** Ends the response. */
  end(): void;
  /** Reads nothing more of the body, so that the sender runs into backpressure. */
  stall(): void;
  /** Reads so many bytes of what comes, or some more, and then stalls. */
  take(bytes: number): Promise<void>;
  /** Aborts: closes the connection with a TCP reset, or resets the stream. */
  reset(): void;
  /** Resolves when the connection or the stream is closed; `aborted` unless both sides ended. */
  closed(): Promise<{ readonly aborted: boolean }>;
}

export interface UploadPeer extends AsyncDisposable {
  readonly origin: string;
  /** How many connections were ever accepted. */
  readonly connections: number;
  /** The next request, once its headers have arrived: on HTTP/1.1 the next connection's first. */
  request(): Promise<UploadRequest>;
}

/** `settings` are those of HTTP/2. */
export async function uploadPeer(protocol: Protocol, settings: Settings = {}): Promise<UploadPeer> {
  return protocol === 'HTTP/1.1' ? overHttp1() : overHttp2(settings);
}

async function overHttp1(): Promise<UploadPeer> {
  const peer = await scriptedPeer();
  return {
    origin: peer.origin,
    get connections() {
      return peer.connections;
    },
    request: async () => requestOn(await peer.connection()),
    [Symbol.asyncDispose]: () => peer.close(),
  };
}

async function requestOn(connection: ScriptedConnection): Promise<UploadRequest> {
  const { method, headers } = await connection.readHead();
  const chunked = headers['transfer-encoding'] === 'chunked';
  let ended = false;
  return {
    method,
    headers,
    next: async () => {
      const chunk = await connection.nextChunk();
      return chunk === undefined ? undefined : Buffer.from(chunk).toString();
    },
    rest: async () => {
      if (!chunked) {
        const length = Number(headers['content-length'] ?? 0);
        const bytes = await connection.readBodyBytes(length).catch(() => undefined);
        const complete = bytes !== undefined;
        return { body: Buffer.from(bytes ?? connection.readAvailable()).toString(), complete };
      }
      const { body, complete } = await connection.readChunked();
      return { body: Buffer.from(body).toString(), complete };
    },
    respond: (status, fields = {}) =>
      void connection.writeHead(status, { 'transfer-encoding': 'chunked', ...fields }),
    write: (data) => void connection.writeChunk(data),
    end: () => {
      ended = true;
      void connection.endChunked();
    },
    stall: () => connection.pause(),
    take: (bytes) => takeFrom(connection.socket, bytes),
    reset: () => connection.reset(),
    closed: async () => {
      connection.resume();
      await connection.closed;
      return { aborted: !ended };
    },
  };
}

async function overHttp2(settings: Settings): Promise<UploadPeer> {
  const trust = trustTestCa();
  const peer = await http2Peer({ tls: trustedServer, settings });
  return {
    origin: peer.origin,
    get connections() {
      return peer.connections;
    },
    request: async () => requestOf(await peer.stream()),
    [Symbol.asyncDispose]: async () => {
      await peer.close();
      trust[Symbol.dispose]();
    },
  };
}

function requestOf(stream: PeerStream): UploadRequest {
  return {
    method: stream.headers[':method'] ?? '',
    headers: stream.headers,
    next: async () => {
      const data = await stream.nextData();
      return data === undefined ? undefined : Buffer.from(data).toString();
    },
    rest: async () => {
      const { bytes, ended } = await stream.readBody();
      return { body: Buffer.from(bytes).toString(), complete: ended };
    },
    respond: (status, headers = {}) => stream.respond(status, headers),
    write: (data) => void stream.write(data),
    end: () => stream.end(),
    // Nothing is read before the test reads.
    stall: () => {},
    take: (bytes) => takeFrom(stream.stream, bytes),
    reset: () => stream.reset(),
    closed: async () => {
      await stream.closed;
      return { aborted: !(stream.wire.endedByPeer && stream.wire.endedHere) };
    },
  };
}

function takeFrom(source: Readable, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const take = (chunk: Buffer): void => {
      left -= chunk.byteLength;
      if (left > 0) return;
      source.off('data', take).pause();
      resolve();
    };
    source.on('data', take).resume();
  });
}
