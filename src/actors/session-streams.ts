/**
 * Tells an exchange which HTTP/2 stream it runs on: undici keeps that to itself, and an honest
 * abort needs it (see `actors/stream-reset`).
 *
 * undici opens the stream of a request right after the handler's `onRequestStart`, in the same
 * turn. So whoever starts is noted, and the session's next `request` is his.
 *
 * Invariant: an error of a stream is never unhandled. undici lets go of streams that have answered,
 * or were aborted, while Node may still report an error of their session to them.
 */

import type { Writable } from 'node:stream';

export interface StreamUser {
  streamOpened(stream: Writable): void;
}

/** What of an HTTP/2 session is needed here. */
export interface Session {
  request(...args: unknown[]): Writable;
}

/** Of one client; undici gives a client one session after the other. */
export class SessionStreams {
  readonly #known = new WeakSet<Session>();
  #starting: StreamUser | undefined;

  /** The request of `user` is being started on `session`. */
  starts(session: Session, user: StreamUser): void {
    this.#starting = user;
    if (!this.#known.has(session)) this.#watch(session);
  }

  #watch(session: Session): void {
    this.#known.add(session);
    const { request } = session;
    session.request = (...args) => {
      const user = this.#starting;
      this.#starting = undefined;
      const stream = request.apply(session, args);
      stream.on('error', ignore);
      user?.streamOpened(stream);
      return stream;
    };
  }
}

function ignore(): void {}
