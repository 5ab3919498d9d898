/**
 * Makes the connections of one client, and notes of each how long its steps took and how it broke.
 */

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { readOn } from './read-on.ts';

/** One connection of a client. */
export interface Connection {
  /** Milliseconds; `undefined` for a step that did not happen. */
  readonly dns: number | undefined;
  readonly connect: number | undefined;
  readonly tls: number | undefined;
  /** As ALPN has it. */
  readonly isHttp2: boolean;
  /** Requests started on it so far. */
  requests: number;
  /** Set when the peer reset it. */
  reset: Error | undefined;
  /** Whether its socket is neither closed nor about to be. */
  isOpen(): boolean;
  /** Whether the system has taken all that was written to it. */
  flushed(): boolean;
  /** Closes its socket now; resolves when undici has seen it. */
  close(): Promise<void>;
}

export type ConnectCallback = (error: Error | null, socket: Socket | null) => void;
/** Whereto, as undici says it. */
export interface Target {
  readonly protocol: string;
  readonly hostname: string;
  /** `''` for the one that is usual for the protocol. */
  readonly port: string;
}

export type Connector = (target: Target, callback: ConnectCallback) => unknown;

/** The connections of one client: the one that is open, or was last, and the next one. */
export interface Tracker {
  connection: Connection | undefined;
  connecting: Partial<Socket> | undefined;
}

export interface Measure {
  readonly connect: Connector;
  readonly clock: Clock;
  readonly tracker: Tracker;
}

/** Connects as `connect` does. */
export function measuredConnect(
  { connect, clock, tracker }: Measure,
  target: Target,
  callback: ConnectCallback,
): unknown {
  const startMs = clock.now();
  let resolvedMs: number | undefined;
  let connectedMs: number | undefined;
  const socket = connect(target, (error, opened) => {
    tracker.connecting = undefined;
    if (error !== null || opened === null) {
      callback(error ?? new Error('no socket'), null);
      return;
    }
    const readyMs = clock.now();
    const isTls = target.protocol === 'https:';
    const tcpMs = isTls ? (connectedMs ?? readyMs) : readyMs;
    const closed = closeOf(opened);
    const connection: Connection = {
      dns: resolvedMs === undefined ? undefined : resolvedMs - startMs,
      connect: tcpMs - (resolvedMs ?? startMs),
      tls: isTls ? readyMs - tcpMs : undefined,
      isHttp2: (opened as Partial<TLSSocket>).alpnProtocol === 'h2',
      requests: 0,
      reset: undefined,
      isOpen: () => !opened.destroyed,
      flushed: () => opened.writableLength === 0,
      close: () => {
        opened.destroy();
        return closed;
      },
    };
    tracker.connection = connection;
    // Before undici's own listener, which may take a reset for the end of a body.
    opened.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ECONNRESET') connection.reset = cause;
    });
    // Who has said its last word hangs up: Node ends the socket of a session that was closed in
    // order, and would keep it for as long as the peer does not end its side.
    opened.once('finish', () => opened.destroy());
    readOn(opened, (cause) => {
      connection.reset = cause;
    });
    callback(null, opened);
  }) as Partial<Socket> | undefined;
  tracker.connecting = socket;
  socket?.once?.('lookup', () => {
    resolvedMs = clock.now();
  });
  socket?.once?.('connect', () => {
    connectedMs = clock.now();
  });
  return socket;
}

/**
 * Resolves a turn after the close, so that whoever listens to it, or to what it ends, has heard of it.
 * `socket.closed` is true some turns before.
 */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => setImmediate(resolve));
  });
}
