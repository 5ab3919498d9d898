/**
 * One request stream of an HTTP/2 peer, scripted by the test. Nothing is read before the test
 * reads, so an initial window stays used up until then. How it ended is told by the tap, from the
 * frames on the wire, never by node:http2's events.
 */

import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { WireStream } from './http2-tap.ts';
import { Inbox } from './inbox.ts';

export interface Http2Body {
  /** Every byte of the body that could be read. */
  readonly bytes: Uint8Array;
  /** Whether END_STREAM was really seen, and no reset before it. */
  readonly ended: boolean;
  /** Code of the client's RST_STREAM, if there was one. */
  readonly rstCode: number | undefined;
  /** The opposite of `ended`. */
  readonly aborted: boolean;
}

export interface ClosedStream {
  readonly endedByPeer: boolean;
  readonly rstCode: number | undefined;
  /** Bytes of DATA received, read or not. */
  readonly bytes: number;
  /** Whether the stream ended with its connection and not by itself. */
  readonly connectionLost: boolean;
}

export class PeerStream {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** What the frames told so far. */
  readonly wire: WireStream;
  /** Resolves once both sides ended, either side reset, or the connection is gone. */
  readonly closed: Promise<ClosedStream>;
  readonly #chunks = new Inbox<Uint8Array | undefined>();
  readonly #parts: Uint8Array[] = [];
  readonly #read = Promise.withResolvers<void>();
  #finished = false;
  #reading: 'not' | 'by chunk' | 'all' = 'not';

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, wire: WireStream) {
    this.stream = stream;
    this.headers = headers;
    this.wire = wire;
    this.closed = wire.closed.then(() => ({
      endedByPeer: wire.endedByPeer,
      rstCode: wire.rstByPeer,
      bytes: wire.bytes,
      connectionLost: wire.connectionLost,
    }));
    stream.on('error', () => {});
    const finished = (): void => this.#finish();
    stream.once('end', finished);
    stream.once('close', finished);
  }

  get id(): number {
    return this.wire.id;
  }

  /** Bytes of DATA received, read or not: it stands still when the window is used up. */
  get received(): number {
    return this.wire.bytes;
  }

  /** Reads to the end and gives the whole body, also what `nextData` has given before. */
  async readBody(): Promise<Http2Body> {
    this.#startReading('all');
    await this.#read.promise;
    const { endedByPeer, rstByPeer } = this.wire;
    const bytes = Uint8Array.from(Buffer.concat(this.#parts));
    return { bytes, ended: endedByPeer, rstCode: rstByPeer, aborted: !endedByPeer };
  }

  /** The next piece of the body, as node gives it; `undefined` at END_STREAM. Rejects if aborted. */
  async nextData(): Promise<Uint8Array | undefined> {
    this.#startReading('by chunk');
    return this.#chunks.next();
  }

  /** An informational response, for example 103. */
  inform(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.stream.additionalHeaders({ ':status': status, ...headers });
  }

  /** Sends the response headers. `trailers` go out after `end`. */
  respond(
    status: number,
    headers: OutgoingHttpHeaders = {},
    options: { readonly endStream?: boolean; readonly trailers?: OutgoingHttpHeaders } = {},
  ): void {
    const { endStream = false, trailers } = options;
    if (trailers !== undefined) {
      this.stream.once('wantTrailers', () => this.stream.sendTrailers(trailers));
    }
    const waitForTrailers = trailers !== undefined;
    this.stream.respond({ ':status': status, ...headers }, { endStream, waitForTrailers });
  }

  /** Resolves once handed to the connection, `false` if it never was; waits for the window. */
  write(data: string | Uint8Array): Promise<boolean> {
    const written = Promise.withResolvers<boolean>();
    this.stream.write(data, (error) => written.resolve(!error));
    return written.promise;
  }

  /** Ends the response. */
  end(data?: string | Uint8Array): void {
    this.stream.end(data);
  }

  /** Sends RST_STREAM. */
  reset(code: number = constants.NGHTTP2_CANCEL): void {
    this.stream.close(code);
  }

  #startReading(how: 'by chunk' | 'all'): void {
    const first = this.#reading === 'not';
    if (this.#reading !== 'all') this.#reading = how;
    if (first) this.stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    if (this.stream.destroyed || this.stream.readableEnded) this.#finish();
    else this.stream.resume();
  }

  #receive(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#chunks.push(bytes);
    if (this.#reading === 'by chunk') this.stream.pause();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.wire.endedByPeer) this.#chunks.push(undefined);
    this.#chunks.close(new Error(`waited for data, but the stream ended (${this.#how()})`));
    this.#read.resolve();
  }

  #how(): string {
    const { endedByPeer, rstByPeer, connectionLost } = this.wire;
    if (rstByPeer !== undefined) return `RST_STREAM with code ${rstByPeer}`;
    if (connectionLost) return 'its connection was lost';
    return endedByPeer ? 'END_STREAM, already given' : 'by the server';
  }
}
