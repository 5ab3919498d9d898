/**
 * The body of a request as undici reads it: a stream without a buffer of its own, for the channel
 * (`actors/upload-body`) does the buffering, and counts it.
 *
 * Invariant: the channel is told of every chunk that leaves the stream, and of its end.
 */

import { Readable, type Writable } from 'node:stream';
import type { Connection } from './measured-connect.ts';
import { type BlockShelf, OWN_BLOCKS } from './upload-blocks.ts';

/** What reads an upload: the stream that undici reads, or the way to another thread. */
export interface BodySink {
  /** Bytes that it has accepted and not passed on. */
  readonly heldBytes: number;
  /** The most that it accepts in one piece. */
  readonly pieceBytes: number;
  /** Memory for what it is to accept; `undefined` where it tells of nothing that was drained. */
  readonly shelf?: BlockShelf | undefined;
  /**
   * So many bytes of the body the system has taken, so that their memory may be used again;
   * `undefined` where that is not known now.
   */
  readonly drainedBytes?: number | undefined;
  /** Accepts a piece; whether it wants more at once. It tells by `passed` what has gone on. */
  accept(bytes: Uint8Array): boolean;
  /** The body has come to its end. */
  acceptEnd(): void;
}

/** Who fills a sink. */
export interface BodySource {
  /** Bytes that have been passed on. */
  readonly bytesSent: number;
  /** Whether the end was, too. */
  readonly sent: boolean;
  /** The sink wants bytes. */
  pull(): void;
  /** The sink has passed bytes on towards the peer. */
  passed(bytes: number): void;
  /** The sink holds less than before, which makes room. */
  chunkLeft(): void;
  /** The sink has passed on the last byte. */
  streamEnded(): void;
}

/** The body of one exchange, for a transport of this thread. */
export interface StreamedBody extends BodySource {
  /** The stream for one dispatch. */
  open(): BodyStream;
}

/**
 * Bytes handed to the transport at a time, which costs about the same however many they are. Node
 * refuses the response headers of every stream of an HTTP/2 session that holds more than 10 MiB
 * (`maxSessionMemory`).
 */
const PIECE_BYTES = 256 * 1024;
const HTTP2_PIECE_BYTES = 64 * 1024;

/**
 * On HTTP/2 undici pipes it into the HTTP/2 stream; that stream is kept as `target`, because only
 * destroying it directly tells the peer honestly that an upload was cut: undici's own abort ends
 * the stream first (see `actors/stream-reset`).
 */
export class BodyStream extends Readable implements BodySink {
  /** The HTTP/2 stream undici pipes into; stays `undefined` on HTTP/1.1. */
  target: Writable | undefined;
  /** The connection it is written to, where the transport is the worker's own. */
  connection: Pick<Connection, 'flushed' | 'isHttp2'> | undefined;
  readonly #channel: BodySource;
  /** Not those of a piece that it is just accepting. */
  #acceptedBytes = 0;

  constructor(channel: BodySource) {
    // One chunk at a time: the channel does the buffering, and counts it.
    super({ highWaterMark: 1 });
    this.#channel = channel;
    this.once('end', () => channel.streamEnded());
    // Who destroys it with an error has told the exchange in another way.
    this.on('error', ignore);
  }

  get pieceBytes(): number {
    return this.connection?.isHttp2 === false ? PIECE_BYTES : HTTP2_PIECE_BYTES;
  }

  get heldBytes(): number {
    return this.readableLength;
  }

  get shelf(): BlockShelf | undefined {
    return this.connection === undefined ? undefined : OWN_BLOCKS;
  }

  get drainedBytes(): number | undefined {
    return this.#hasDrained ? this.#acceptedBytes - this.readableLength : undefined;
  }

  accept(bytes: Uint8Array): boolean {
    this.#channel.passed(bytes.byteLength);
    const wantsMore = this.push(bytes);
    this.#acceptedBytes += bytes.byteLength;
    return wantsMore;
  }

  acceptEnd(): void {
    this.push(null);
    // undici leaves a body unread that it finds empty, and its end would never be seen.
    if (this.#channel.bytesSent === 0) this.resume();
  }

  override _read(): void {
    this.#channel.pull();
  }

  // `_read` comes before a chunk has left the buffer, and not again while that call is unanswered:
  // a sender who waits for the room of that chunk would wait for ever.
  override read(size?: number): Buffer | null {
    const chunk: Buffer | null = super.read(size);
    if (chunk !== null) this.#channel.chunkLeft();
    return chunk;
  }

  override pipe<T extends NodeJS.WritableStream>(target: T, options?: { end?: boolean }): T {
    // Node's pipeline hands over a `Writable`; the declared type is older than that.
    this.target = target as unknown as Writable;
    return super.pipe(target, options);
  }

  /** Whether the system has taken all that has left this stream, as far as it can be known. */
  get #hasDrained(): boolean {
    const { connection, target } = this;
    if (connection === undefined) return false;
    if (!connection.isHttp2) return connection.flushed();
    // A session keeps what it was given until the peer opens its windows, and calls back only then.
    return target !== undefined && target.writableLength === 0 && !target.destroyed;
  }
}

function ignore(): void {}
