/**
 * TCP connections for undici's HTTP/1.1 client, which reads a socket in one way only: all that is
 * there, as soon as it is there.
 *
 * A stream of Node can be read in many ways. For their sake it stores what comes, notes what state
 * it is in, and tells of it in a later tick; that is a twentieth of what a small request costs. Here
 * the reader is told at once, and what it leaves is kept.
 *
 * Invariants: bytes leave in the order in which they came; the end follows the last of them; who
 * does not read holds the peer back once `readableHighWaterMark` bytes are there. Only `readable`,
 * `read()` and `end` tell of data: `data`, `pipe` and iteration do not.
 */

import { Socket } from 'node:net';
import type { Connector } from './measured-connect.ts';

/** Milliseconds of silence after which TCP asks whether the peer is still there; as undici has it. */
const KEEP_ALIVE_DELAY = 60_000;

export class TcpSocket extends Socket {
  /** What is unread: almost always nothing, or one chunk … */
  #first: Buffer | undefined;
  /** … and what came behind that. */
  readonly #rest: Buffer[] = [];
  #length = 0;
  /** Node was told to read no more. */
  #isStopped = false;
  /** The peer has ended its side, behind what is unread. */
  #isEnding = false;

  static {
    // An accessor in Node, which its types call a field.
    Object.defineProperty(TcpSocket.prototype, 'readableLength', {
      get(this: TcpSocket): number {
        return this.#length;
      },
    });
  }

  /** Node hands over here what it has read; `false` makes it stop. */
  override push(chunk: Buffer | null): boolean {
    if (chunk === null) {
      if (this.#length === 0) return super.push(null);
      this.#isEnding = true;
      return false;
    }
    if (this.#first === undefined) this.#first = chunk;
    else this.#rest.push(chunk);
    this.#length += chunk.byteLength;
    this.emit('readable');
    this.#isStopped = this.#length >= this.readableHighWaterMark;
    return !this.#isStopped;
  }

  /** All that is unread. Any `size` asks for nothing: Node's way to make a stream begin, or end. */
  override read(size?: number): Buffer | null {
    if (size !== undefined) {
      super.read(0);
      return null;
    }
    const bytes = this.#take();
    if (bytes === undefined) return null;
    if (this.#isEnding) {
      super.push(null);
      super.read(0);
    } else if (this.#isStopped && !this.destroyed) {
      this.#isStopped = false;
      this._read(0);
    }
    return bytes;
  }

  /** Puts back what was read too far. */
  override unshift(chunk: Buffer): void {
    if (chunk.byteLength === 0) return;
    if (this.#first !== undefined) this.#rest.unshift(this.#first);
    this.#first = chunk;
    this.#length += chunk.byteLength;
  }

  #take(): Buffer | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    const all = this.#rest.length === 0 ? first : Buffer.concat([first, ...this.#rest]);
    this.#first = undefined;
    if (this.#rest.length > 0) this.#rest.length = 0;
    this.#length = 0;
    return all;
  }
}

/** Connects to `hostname`, a name or an address without brackets; port 80 where it is `''`. */
export const connectTcp: Connector = ({ hostname, port }, callback) => {
  const socket = new TcpSocket();
  const fail = (error: Error): void => callback(error, null);
  socket
    .setNoDelay(true)
    .setKeepAlive(true, KEEP_ALIVE_DELAY)
    .once('error', fail)
    .once('connect', () => {
      socket.off('error', fail);
      callback(null, socket);
    })
    .connect({ host: hostname, port: port === '' ? 80 : Number(port) });
  return socket;
};
