/**
 * The streams of a client's HTTP/2 sessions: who runs on each, and what those that were cut leave
 * behind.
 *
 * undici keeps to itself on which stream an exchange runs, and an honest abort needs it (see
 * `actors/stream-reset`). undici opens the stream right after the handler's `onRequestStart`, in the
 * same turn. So whoever starts is noted, and the session's next `request` is his.
 *
 * Invariants: an error of a stream is never unhandled. undici lets go of streams that have answered,
 * or were aborted, while Node may still report an error of their session to them. And no session is
 * used until Node refuses its responses: see `DROPPED_LIMIT_BYTES`.
 *
 * They also tell a response that was ended from one that was cut: Node ends the readable side of a
 * stream that was reset with CANCEL or NO_ERROR, or whose connection was lost, just as it does at
 * END_STREAM, and where no length was declared undici takes that for a complete response.
 */

import type { Duplex, Writable } from 'node:stream';

export interface StreamUser {
  streamOpened(stream: Writable): void;
  /** The peer has ended its side of the stream (END_STREAM). */
  streamEnded(): void;
  /** The session would not open one: nothing was sent. */
  streamRefused(): void;
}

/** What of an HTTP/2 session is needed here. */
export interface Session {
  readonly destroyed: boolean;
  request(...args: unknown[]): Duplex;
  emit(event: 'goaway', code: number, lastStreamId: number): boolean;
  close(): void;
}

interface Record {
  /** Streams that are open. */
  open: number;
  droppedBytes: number;
  retired: boolean;
}

/**
 * How much may have been dropped on a session before it is retired. Node counts what a stream has
 * queued, and does not count it back when the stream is destroyed; past 10 MiB (`maxSessionMemory`)
 * it answers the response headers of every further stream with RST_STREAM, ENHANCE_YOUR_CALM. What
 * the streams that are alive have queued, up to 64 KiB each, counts as well.
 */
const DROPPED_LIMIT_BYTES = 2 * 1024 * 1024;

/** "Everything that was opened is still answered" (RFC 9113, 6.8). */
const ALL_STREAMS = 2 ** 31 - 1;

/** Of one client; undici gives a client one session after the other. */
export class SessionStreams {
  readonly #records = new WeakMap<Session, Record>();
  #starting: StreamUser | undefined;

  /** The request of `user` is being started on `session`. */
  starts(session: Session, user: StreamUser): void {
    this.#starting = user;
    if (!this.#records.has(session)) this.#watch(session);
  }

  #watch(session: Session): void {
    const record: Record = { open: 0, droppedBytes: 0, retired: false };
    this.#records.set(session, record);
    const { request } = session;
    session.request = (...args) => {
      const user = this.#starting;
      this.#starting = undefined;
      const stream = openStream(() => request.apply(session, args), user);
      record.open += 1;
      stream.on('error', ignore);
      keepFirstBytes(stream);
      stream.once('close', () => {
        record.open -= 1;
        record.droppedBytes += droppedBytes(stream);
        if (!record.retired && record.droppedBytes >= DROPPED_LIMIT_BYTES) retire(session, record);
        if (record.retired && record.open === 0) session.close();
      });
      if (user !== undefined) {
        tellEnd(stream, user);
        user.streamOpened(stream);
      }
      return stream;
    };
  }
}

function openStream(open: () => Duplex, user: StreamUser | undefined): Duplex {
  try {
    return open();
  } catch (error) {
    user?.streamRefused();
    throw error;
  }
}

/**
 * To measure an upload undici listens to `data` of the stream that it writes to, which are bytes of
 * the response (its `onPipeData`). That makes the response flow before its headers are told, a tick
 * after they came, and what came in one read with them went to nobody else. So nobody listens to
 * `data` before there is a response.
 */
function keepFirstBytes(stream: Duplex): void {
  const { on } = stream;
  let answered = false;
  stream.once('response', () => {
    answered = true;
  });
  stream.on = function (this: Duplex, event: string, listener: (...args: unknown[]) => void) {
    return event === 'data' && !answered ? this : on.call(this, event, listener);
  } as typeof on;
}

/**
 * Node closes a stream that was cut before it ends the readable side.
 *
 * A response that has ended is taken off its stream at once, also by whoever has stopped reading:
 * what is unread is in this process, no more than the window of the stream, and stays with the
 * stream only until its session is gone, or until undici has heard of trailers and listens no more.
 */
function tellEnd(stream: Duplex, user: StreamUser): void {
  const { push } = stream;
  stream.push = (chunk, encoding) => {
    const isEnd = chunk === null && !stream.closed;
    if (isEnd) user.streamEnded();
    const takesMore = push.call(stream, chunk, encoding);
    if (isEnd && stream.isPaused()) stream.read();
    return takesMore;
  };
}

/** When a stream closes, the write that Node had queued for it is still pending if it was cut. */
function droppedBytes({ writableFinished, writableLength }: Writable): number {
  return writableFinished ? 0 : writableLength;
}

/**
 * Makes undici take its next requests to another session, as if the peer had announced the end of
 * this one. It closes the session then, but that would refuse the headers of streams just opened
 * that are not on the wire yet: it is closed with its last stream.
 */
function retire(session: Session, record: Record): void {
  record.retired = true;
  const { close } = session;
  session.close = ignore;
  session.emit('goaway', 0, ALL_STREAMS);
  session.close = close;
}

function ignore(): void {}
