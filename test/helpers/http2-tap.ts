/**
 * What really crossed the wire on one HTTP/2 connection, seen from the server.
 *
 * node:http2 cannot tell: a stream that the client reset with NO_ERROR emits `end` just as one that
 * ended, its `rstCode` of 0 means either, and `complete` of the compatibility API is true for
 * aborted requests too. So a tap sits between socket and session, hands every byte on untouched,
 * and notes END_STREAM and RST_STREAM of both sides from the frames themselves.
 */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { dataLength, END_STREAM, FRAME, type Frame, FrameParser } from './http2-frames.ts';

const CLIENT_PREFACE_BYTES = 24;

/** One stream as its frames tell it. */
export class WireStream {
  readonly id: number;
  /** Whether END_STREAM came from the client, before any reset. */
  endedByPeer = false;
  /** Code of the client's RST_STREAM; `undefined` as long as there was none. */
  rstByPeer: number | undefined;
  /** Whether the server sent END_STREAM. */
  endedHere = false;
  /** Code of the server's RST_STREAM. */
  rstHere: number | undefined;
  /** Whether the connection was lost before the stream closed. */
  connectionLost = false;
  /** Bytes of DATA from the client, read by the application or not. */
  bytes = 0;
  /** Resolves once both sides ended, either side reset, or the connection is gone. */
  readonly closed: Promise<void>;
  readonly #close: () => void;
  #isClosed = false;

  constructor(id: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.id = id;
    this.closed = promise;
    this.#close = resolve;
  }

  received(frame: Frame): void {
    if (this.#isClosed) return;
    if (frame.type === FRAME.data) this.bytes += dataLength(frame);
    if (frame.type === FRAME.rstStream) this.rstByPeer = frame.payload.readUInt32BE(0);
    if (endsStream(frame)) this.endedByPeer = true;
    this.#settle();
  }

  sent(frame: Frame): void {
    if (this.#isClosed) return;
    if (frame.type === FRAME.rstStream) this.rstHere = frame.payload.readUInt32BE(0);
    if (endsStream(frame)) this.endedHere = true;
    this.#settle();
  }

  lose(): void {
    if (this.#isClosed) return;
    this.connectionLost = true;
    this.#settle();
  }

  #settle(): void {
    const reset = this.rstByPeer !== undefined || this.rstHere !== undefined;
    if (!(reset || this.connectionLost || (this.endedByPeer && this.endedHere))) return;
    this.#isClosed = true;
    this.#close();
  }
}

/** A frame of the client, without its payload. */
export interface SeenFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly length: number;
}

export class Http2Tap extends Duplex {
  readonly socket: Socket;
  readonly frames: SeenFrame[] = [];
  readonly #streams = new Map<number, WireStream>();
  readonly #inbound = new FrameParser((frame) => this.#received(frame), CLIENT_PREFACE_BYTES);
  readonly #outbound = new FrameParser((frame) => this.#sent(frame));
  #paused = false;
  #lastStreamId = 0;

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    // The session takes its own listener away when it is destroyed; a late error must not throw.
    this.on('error', () => {});
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('data', (bytes: Buffer) => {
      this.#inbound.feed(bytes);
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('close', () => {
      for (const stream of this.#streams.values()) stream.lose();
      this.destroy(failure);
    });
  }

  /** The highest stream the client has opened. */
  get lastStreamId(): number {
    return this.#lastStreamId;
  }

  /** The record of a stream, made on first use. */
  stream(id: number): WireStream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const stream = new WireStream(id);
    this.#streams.set(id, stream);
    if (this.socket.destroyed) stream.lose();
    return stream;
  }

  /** Writes frames of the test's own between those of the session. */
  inject(frames: Uint8Array): void {
    this.#outbound.feed(frames);
    this.socket.write(frames);
  }

  /** Stops reading from the socket: TCP backpressure for the whole connection. */
  hold(): void {
    this.#paused = true;
    this.socket.pause();
  }

  release(): void {
    this.#paused = false;
    this.socket.resume();
  }

  override _read(): void {
    if (!this.#paused) this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#outbound.feed(chunk);
    this.socket.write(chunk, done);
  }

  /** One write for all, so that `inject` never lands inside a frame. */
  override _writev(
    writes: readonly { readonly chunk: Buffer }[],
    done: (error?: Error | null) => void,
  ): void {
    const bytes = Buffer.concat(writes.map(({ chunk }) => chunk));
    this.#outbound.feed(bytes);
    this.socket.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  #received(frame: Frame): void {
    const { type, flags, streamId, payload } = frame;
    this.frames.push({ type, flags, streamId, length: payload.length });
    if (streamId === 0) return;
    if (type === FRAME.headers) this.#lastStreamId = Math.max(this.#lastStreamId, streamId);
    this.stream(streamId).received(frame);
  }

  #sent(frame: Frame): void {
    if (frame.streamId !== 0) this.stream(frame.streamId).sent(frame);
  }
}

function endsStream(frame: Frame): boolean {
  const carries = frame.type === FRAME.data || frame.type === FRAME.headers;
  return carries && (frame.flags & END_STREAM) !== 0;
}
