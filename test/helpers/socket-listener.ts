/**
 * A TCP, TLS or unix-socket listener on a free port. It owns the listening socket and every
 * socket it accepted, knows how many there were and are, and leaves none behind when closed.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';

export interface ListenerOptions {
  /** With it the listener speaks TLS, and a socket is handed over once its handshake is done. */
  readonly tls?: TlsOptions;
  /** Accept sockets without reading from them (not with `tls`). */
  readonly pauseOnConnect?: boolean;
  /** Keep the own side open when the peer ends its side (not with `tls`). */
  readonly allowHalfOpen?: boolean;
  /** Listen on this unix socket instead of a port. */
  readonly socketPath?: string;
}

export interface SocketListener extends AsyncDisposable {
  /** `http://127.0.0.1:port` or `https://localhost:port`; no port on a unix socket. */
  readonly origin: string;
  readonly port: number;
  /** How many sockets were ever accepted. */
  readonly accepted: number;
  /** The sockets that are open now. */
  readonly open: ReadonlySet<Socket>;
  /** How many TLS handshakes failed. */
  readonly handshakeErrors: readonly Error[];
  /** Resolves when no socket is open, at once if none is. */
  idle(): Promise<void>;
  /** Refuses new connections and leaves the open ones alone. */
  stopAccepting(): void;
  /** Closes the listener and destroys its sockets. */
  close(): Promise<void>;
}

export async function listen(
  onSocket: (socket: Socket | TLSSocket) => void,
  options: ListenerOptions = {},
): Promise<SocketListener> {
  const { tls, socketPath, pauseOnConnect = false, allowHalfOpen = false } = options;
  const open = new Set<Socket>();
  const handshakeErrors: Error[] = [];
  let accepted = 0;
  let idle: PromiseWithResolvers<void> | undefined;

  // Raw sockets are tracked also under TLS: one that never completes its handshake counts too.
  const track = (socket: Socket): void => {
    accepted += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) idle?.resolve();
    });
  };

  const server: Server =
    tls === undefined
      ? createServer({ pauseOnConnect, allowHalfOpen, noDelay: true }, onSocket)
      : createTlsServer({ noDelay: true, ...tls }, onSocket);
  server.prependListener('connection', track);
  server.on('tlsClientError', (error: Error) => handshakeErrors.push(error));

  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(socketPath === undefined ? { port: 0, host: '127.0.0.1' } : { path: socketPath });
  server.once('listening', listening.resolve);
  await listening.promise;

  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const socket of open) socket.destroy();
    await closed.promise;
  };

  return {
    origin: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    port,
    handshakeErrors,
    open,
    get accepted() {
      return accepted;
    },
    idle: () => {
      if (open.size === 0) return Promise.resolve();
      idle ??= Promise.withResolvers<void>();
      const { promise } = idle;
      return promise.finally(() => {
        idle = undefined;
      });
    },
    stopAccepting: () => void server.close(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
