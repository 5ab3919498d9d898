/**
 * One accepted connection of a scripted peer, with no HTTP behaviour of its own: it parses what
 * the test asks it to parse and writes what the test tells it to write, malformed or not.
 *
 * A read that waits rejects when the connection closes first. Writes never reject: they resolve
 * `false` when the bytes could not be handed to the system. While paused a connection reads
 * nothing, so it sees neither an end nor a reset; `resume` before waiting for `closed`.
 */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ByteReader } from './byte-reader.ts';
import { fieldLines, joinFields, type ScriptedHeaders, splitField } from './header-lines.ts';

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** `HTTP/1.1` */
  readonly version: string;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, as on the wire. */
  readonly rawHeaders: readonly string[];
}

export interface ChunkedBody {
  readonly chunks: readonly Uint8Array[];
  /** Whether the last chunk and the trailers arrived. */
  readonly complete: boolean;
  readonly trailers: Readonly<Record<string, string>>;
  /** The chunks joined. */
  readonly body: Uint8Array;
}

export interface ClosedConnection {
  /** Whether the connection ended in an error, for example a reset. */
  readonly hadError: boolean;
  readonly errorCode: string | undefined;
  /** Whether the client ended its side (FIN) before. */
  readonly endedByPeer: boolean;
  /** Bytes received in all. */
  readonly bytes: number;
}

export class ScriptedConnection {
  readonly socket: Socket;
  /** Resolves when the connection is closed on both sides; never rejects. */
  readonly closed: Promise<ClosedConnection>;
  /** Resolves `true` when the client ended its side (FIN), `false` when it closed without. */
  readonly ended: Promise<boolean>;
  readonly #reader = new ByteReader();
  #trailers: Readonly<Record<string, string>> = {};
  #flushed = 0;
  /** Whether the CRLF of the last chunk is still to be read. */
  #inChunk = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const ended = Promise.withResolvers<boolean>();
    const closed = Promise.withResolvers<ClosedConnection>();
    this.ended = ended.promise;
    this.closed = closed.promise;
    let error: NodeJS.ErrnoException | undefined;
    let endedByPeer = false;
    socket.on('error', (cause) => {
      error = cause;
    });
    socket.on('end', () => {
      endedByPeer = true;
      this.#reader.end('the client ended its side');
      ended.resolve(true);
    });
    socket.on('close', (hadError) => {
      const why = error?.code ?? (hadError ? 'with an error' : 'without an error');
      this.#reader.end(`the connection closed (${why})`);
      ended.resolve(false);
      const bytes = this.#reader.total;
      closed.resolve({ hadError, errorCode: error?.code, endedByPeer, bytes });
    });
    // Leaves a socket that was accepted paused as it is.
    socket.on('data', (bytes: Buffer) => this.#reader.feed(bytes));
  }

  /** A copy of all raw bytes received. */
  bytes(): Uint8Array {
    return this.#reader.all();
  }

  /** All raw bytes received, as latin1 text. */
  text(): string {
    return Buffer.from(this.#reader.all()).toString('latin1');
  }

  /** Bytes received and not read by any of the `read…` methods. */
  get unread(): number {
    return this.#reader.unread;
  }

  /** Bytes received in all. */
  get received(): number {
    return this.#reader.total;
  }

  /** Bytes written that the system has taken: it stands still under backpressure. */
  get flushed(): number {
    return this.#flushed;
  }

  /** Trailers read by `nextChunk` or `readChunked`. */
  get trailers(): Readonly<Record<string, string>> {
    return this.#trailers;
  }

  /** The next request line and its headers. */
  async readHead(): Promise<RequestHead> {
    const text = await this.#reader.takeUntil('\r\n\r\n', 'a request head');
    const [line = '', ...fields] = text.split('\r\n');
    const [method = '', target = '', version = ''] = line.split(' ');
    const rawHeaders = fields.flatMap(splitField);
    return { method, target, version, headers: joinFields(rawHeaders), rawHeaders };
  }

  readBodyBytes(count: number): Promise<Uint8Array> {
    return this.#reader.take(count, `${count} bytes of body`);
  }

  /** The next bytes as latin1 text, framing and all. */
  async readText(count: number): Promise<string> {
    const bytes = await this.#reader.take(count, `${count} bytes`);
    return Buffer.from(bytes).toString('latin1');
  }

  /** Everything received and not read so far, without waiting. */
  readAvailable(): Uint8Array {
    return this.#reader.takeAll();
  }

  /**
   * The next chunk of a chunked body, as soon as its bytes are there: the CRLF behind them belongs
   * to the next call. `undefined` once its end (and trailers) have been read.
   */
  async nextChunk(): Promise<Uint8Array | undefined> {
    if (this.#inChunk) {
      const mark = await this.#reader.take(2, 'the end of a chunk');
      if (mark[0] !== 13 || mark[1] !== 10) throw new Error('malformed chunk: no CRLF after it');
      this.#inChunk = false;
    }
    const line = await this.#reader.takeUntil('\r\n', 'a chunk size');
    if (!/^[0-9a-fA-F]+(;.*)?$/.test(line)) throw new Error(`malformed chunk size: ${line}`);
    const size = Number.parseInt(line, 16);
    if (size === 0) {
      await this.#readTrailers();
      return undefined;
    }
    const chunk = await this.#reader.take(size, `a chunk of ${size} bytes`);
    this.#inChunk = true;
    return chunk;
  }

  /** The rest of a chunked body. Does not reject when cut off: `complete` is then false. */
  async readChunked(): Promise<ChunkedBody> {
    const chunks: Uint8Array[] = [];
    let complete = false;
    try {
      for (;;) {
        const chunk = await this.nextChunk();
        if (chunk === undefined) break;
        chunks.push(chunk);
      }
      complete = true;
    } catch (error) {
      if (this.#reader.ended === undefined) throw error;
    }
    return { chunks, complete, trailers: this.#trailers, body: joinBytes(chunks) };
  }

  /** A whole request: the head, and the body as its headers frame it. Rejects if cut off. */
  async readRequest(): Promise<RequestHead & { readonly body: Uint8Array }> {
    const head = await this.readHead();
    if (head.headers['transfer-encoding'] === 'chunked') {
      const { body, complete } = await this.readChunked();
      if (!complete) throw new Error(`the chunked body was cut off after ${body.length} bytes`);
      return { ...head, body };
    }
    const length = Number(head.headers['content-length'] ?? 0);
    return { ...head, body: await this.readBodyBytes(length) };
  }

  /** Writes as given; strings as latin1. Resolves once flushed, `false` if it never was. */
  write(data: string | Uint8Array): Promise<boolean> {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    if (bytes.length === 0 || !this.socket.writable) return Promise.resolve(this.socket.writable);
    const written = Promise.withResolvers<boolean>();
    this.socket.write(bytes, (error) => {
      if (!error) this.#flushed += bytes.length;
      written.resolve(!error);
    });
    return written.promise;
  }

  /** Status line and headers, nothing added to them. */
  writeHead(status: number, headers: ScriptedHeaders = {}): Promise<boolean> {
    const lines = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
      ...fieldLines(headers),
    ];
    return this.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** One chunk of a chunked response. */
  writeChunk(data: string | Uint8Array): Promise<boolean> {
    const bytes = Buffer.from(data);
    return this.write(
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, CRLF]),
    );
  }

  /** The end of a chunked response. */
  endChunked(trailers: ScriptedHeaders = {}): Promise<boolean> {
    return this.write(['0', ...fieldLines(trailers), '', ''].join('\r\n'));
  }

  /** A whole response; adds `content-length` unless the headers frame the body themselves. */
  respond(status: number, headers: ScriptedHeaders = {}, body: string | Uint8Array = '') {
    const bytes = Buffer.from(body);
    const names = Object.keys(headers).map((name) => name.toLowerCase());
    const framed = names.includes('content-length') || names.includes('transfer-encoding');
    const bodiless = status < 200 || status === 204 || status === 304;
    const length = framed || bodiless ? {} : { 'content-length': String(bytes.length) };
    const head = this.writeHead(status, { ...headers, ...length });
    return bytes.length === 0 ? head : this.write(bytes);
  }

  /** Closes with a RST. Not possible over TLS or a unix socket, where it throws. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Ends the own side (FIN) after what was written. */
  end(): void {
    this.socket.end();
  }

  /** Closes at once, without a reset if nothing is unread. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Stops reading: the client runs into backpressure once the buffers between are full. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  async #readTrailers(): Promise<void> {
    const raw: string[] = [];
    for (;;) {
      const line = await this.#reader.takeUntil('\r\n', 'a trailer or the end of the body');
      if (line === '') break;
      raw.push(...splitField(line));
    }
    this.#trailers = joinFields(raw);
  }
}

const CRLF = Buffer.from('\r\n');

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
