/** The peer of the model over HTTP/1.1: one request after the other on each connection. */

import { type ScriptedConnection, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { Arrivals } from './arrivals.ts';
import type { ModelPeer, PeerRequest } from './peer.ts';

export async function http1ModelPeer(): Promise<ModelPeer> {
  const peer = await scriptedPeer();
  const arrivals = new Arrivals();
  const open = new Set<ScriptedConnection>();
  const accept = async (): Promise<void> => {
    for (;;) {
      const connection = await peer.connection();
      open.add(connection);
      void connection.closed.then(() => open.delete(connection));
      void serve(connection, arrivals).catch(ignore);
    }
  };
  void accept().catch(ignore);
  return {
    origin: peer.origin,
    requests: arrivals.requests,
    doubled: arrivals.doubled,
    forget: () => arrivals.forget(),
    get openConnections() {
      return peer.openConnections;
    },
    // There is no such thing before HTTP/2.
    goaway: () => {},
    loseAll: () => {
      for (const connection of open) connection.reset();
    },
    [Symbol.asyncDispose]: peer.close,
  };
}

/** Rejects when the connection ends, which is the end of it. */
async function serve(connection: ScriptedConnection, arrivals: Arrivals): Promise<void> {
  for (;;) {
    const { headers } = await connection.readHead();
    const request = new Http1Request(connection);
    arrivals.add(headers['x-id'] ?? '', request);
    await request.read(headers);
    await request.answered;
  }
}

class Http1Request implements PeerRequest {
  readonly chunks: Uint8Array[] = [];
  complete = false;
  gone = false;
  readonly answered: Promise<void>;
  readonly #answer: () => void;
  readonly #connection: ScriptedConnection;
  #left: number | undefined;

  constructor(connection: ScriptedConnection) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.answered = promise;
    this.#answer = resolve;
    this.#connection = connection;
    void connection.closed.then(() => {
      this.gone = true;
    });
  }

  async read(headers: Readonly<Record<string, string>>): Promise<void> {
    if (headers['transfer-encoding'] === 'chunked') {
      for (;;) {
        const chunk = await this.#connection.nextChunk();
        if (chunk === undefined) break;
        this.chunks.push(chunk);
      }
    } else {
      for (let left = Number(headers['content-length'] ?? 0); left > 0; ) {
        const first = await this.#connection.readBodyBytes(1);
        const chunk = Buffer.concat([first, this.#connection.readAvailable()]);
        this.chunks.push(chunk);
        left -= chunk.byteLength;
      }
    }
    this.complete = true;
  }

  respond(status: number, length: number | undefined): void {
    this.#left = length;
    const framing =
      length === undefined
        ? { 'transfer-encoding': 'chunked' }
        : { 'content-length': String(length) };
    void this.#connection.writeHead(status, framing);
  }

  write(bytes: Uint8Array): void {
    if (this.#left === undefined) void this.#connection.writeChunk(bytes);
    else void this.#connection.write(bytes);
  }

  end(): void {
    if (this.#left === undefined) void this.#connection.endChunked();
    this.#answer();
  }

  reset(): void {
    this.#connection.reset();
  }

  truncate(): void {
    this.#connection.end();
  }

  stall(): void {
    this.#connection.pause();
  }

  readOn(): void {
    this.#connection.resume();
  }
}

function ignore(): void {}
