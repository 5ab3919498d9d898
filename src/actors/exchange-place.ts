/**
 * Where one exchange runs: the client that it was dispatched to, its connection, and over HTTP/2 its
 * stream. Both are known only where the transport is the worker's own.
 *
 * Invariants: its client hears once that it waits no more, be it that it starts, fails or is given
 * up; an end of the response that undici tells of counts only if the peer can have meant it.
 */

import type { Writable } from 'node:stream';
import type { Connection } from './measured-connect.ts';
import type { StreamUser } from './session-streams.ts';
import type { ConnectionHolder } from './transport.ts';

export class ExchangePlace {
  /** The one it was started on last. */
  connection: Connection | undefined;
  /** Whether that had carried another request before. */
  reusedConnection: boolean | undefined;
  stream: Writable | undefined;
  /** Whether the peer has ended its side of the stream. */
  peerEnded = false;
  #holder: ConnectionHolder | undefined;
  /** Whether it waits at its holder for a connection. */
  #waits = false;

  waitAt(holder: ConnectionHolder): void {
    this.#holder = holder;
    this.#waits = true;
  }

  /** The request of this user is being started, once more where the peer had refused it. */
  starts(user: StreamUser): void {
    this.stream = undefined;
    this.#holder?.starts(user);
    this.leave();
    const connection = this.#holder?.connection;
    if (connection === undefined) return;
    this.connection = connection;
    this.reusedConnection = connection.requests > 0;
    connection.requests += 1;
  }

  opened(stream: Writable): void {
    this.stream = stream;
    this.peerEnded = false;
  }

  /** Whether all that was written has left; supposed where nobody can know. */
  get flushed(): boolean {
    if (this.stream !== undefined) return this.stream.writableFinished;
    return this.connection?.flushed() ?? true;
  }

  /** It waits no more. */
  leave(): void {
    if (this.#waits) this.#holder?.leave();
    this.#waits = false;
  }

  /** It waits no more, and a connect for nobody ends now. */
  giveUp(): void {
    if (this.#waits) this.#holder?.abandon();
    this.#waits = false;
  }

  /**
   * undici has told the end of the response; returns why it was none, if so. undici takes a reset for
   * the end of a body that only the close delimits (RFC 9112, 8), and over HTTP/2 one that nothing
   * but END_STREAM does. Where a length does, undici ends it only when all of it is there, and a reset
   * may follow: a server of node that is busy sends NO_ERROR in place of END_STREAM.
   */
  ended(hasLength: boolean): Error | undefined {
    this.#holder?.ended();
    const wasCut = this.stream !== undefined && !this.peerEnded && !hasLength;
    return wasCut ? STREAM_CUT : this.connection?.reset;
  }
}

/** The end of a response that was none; the stream itself has no error to give. */
const STREAM_CUT = new Error('the stream was closed before the response had ended');
