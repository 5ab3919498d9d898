/**
 * Keeps a connection readable when writing to it fails.
 *
 * A server that refuses an upload answers and closes; if it does not linger, the answer and a reset
 * arrive together (RFC 9112, 9.6). The next write fails, and Node destroys the socket with the
 * answer unread in its buffer. So a write that fails is left unanswered: that holds the writer back
 * as a full buffer would, while the socket is read to its end, which is near. What is there is
 * delivered (U7), and what is missing fails then.
 *
 * Invariant: no write is left unanswered for a socket that nobody reads. Who has no credit for the
 * response (F2) would never come to its end, and whoever sends would wait for ever (U3).
 */

import type { Socket } from 'node:net';

type WriteCallback = (error?: Error | null) => void;

/** `broken` is told of the failed write when all was read, before anybody else hears of the end. */
export function readOn(socket: Socket, broken: (error: Error) => void): void {
  let held: (() => void) | undefined;
  const answer = (): void => {
    const failed = held;
    held = undefined;
    failed?.();
  };
  // What is there a turn later is not being read.
  const look = (): void => {
    setImmediate(() => {
      if (socket.readableLength > 0) answer();
    });
  };
  const unanswered =
    (callback: WriteCallback): WriteCallback =>
    (error) => {
      if (!isClosedByPeer(error) || socket.readableEnded || socket.destroyed) {
        callback(error);
        return;
      }
      held = () => {
        broken(error);
        callback(error);
      };
      socket.on('readable', look);
      look();
    };
  const { _write, _writev } = socket;
  socket._write = (chunk, encoding, callback) =>
    _write.call(socket, chunk, encoding, unanswered(callback));
  if (_writev !== undefined) {
    socket._writev = (chunks, callback) => _writev.call(socket, chunks, unanswered(callback));
  }
  socket.once('end', answer);
}

function isClosedByPeer(error: NodeJS.ErrnoException | null | undefined): error is Error {
  return error?.code === 'EPIPE' || error?.code === 'ECONNRESET';
}
