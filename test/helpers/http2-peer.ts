/**
 * An HTTP/2 peer on a free port whose streams the test scripts: cleartext with prior knowledge,
 * or TLS with ALPN, where connections that agree on HTTP/1.1 can go to a handler of their own.
 *
 * With a small `initialWindowSize` a stream stalls until the test reads it; but a client may send
 * up to 64 KiB before it has seen the settings, so let one exchange pass first, or send more.
 */

import { createServer, type RequestListener } from 'node:http';
import {
  performServerHandshake,
  type ServerHttp2Session,
  type ServerSessionOptions,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket, type TlsOptions } from 'node:tls';
import { encodeFrame, type Frame, goawayFrame } from './http2-frames.ts';
import { PeerStream } from './http2-stream.ts';
import { Http2Tap, type SeenFrame } from './http2-tap.ts';
import { Inbox } from './inbox.ts';
import { listen } from './socket-listener.ts';

export type { PeerStream } from './http2-stream.ts';

export interface Http2PeerOptions {
  /** Settings announced first; `initialWindowSize`, `maxConcurrentStreams` … */
  readonly settings?: Settings;
  /** Node's own defences against a client, to be raised where a test is worse than any attacker. */
  readonly limits?: Pick<
    ServerSessionOptions,
    'maxSessionMemory' | 'streamResetBurst' | 'streamResetRate'
  >;
  /** Speak TLS; ALPN offers `h2`, and `http/1.1` if `http1` is given. */
  readonly tls?: TlsOptions;
  /** Answers the connections that agreed on HTTP/1.1, or on nothing. */
  readonly http1?: RequestListener;
}

/** One HTTP/2 connection. */
export interface PeerSession {
  readonly session: ServerHttp2Session;
  /** Every frame the client sent, in order. */
  readonly frames: readonly SeenFrame[];
  /** Resolves when its socket is closed. */
  readonly closed: Promise<void>;
  /** Sends GOAWAY, exactly so; `lastStreamId` is by default the last stream the client opened. */
  goaway(code?: number, lastStreamId?: number): void;
  /** Sends any frame, well-formed or not. */
  sendFrame(frame: Omit<Frame, 'payload'> & { payload?: Uint8Array }): void;
  /** Stops reading the socket: TCP backpressure for all streams. */
  pause(): void;
  resume(): void;
  destroy(): void;
  /** Closes with a TCP RST (cleartext only). */
  reset(): void;
}

export interface Http2Peer extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  /** The sessions that are open. */
  readonly sessions: readonly PeerSession[];
  /** How many TCP connections were ever accepted. */
  readonly connections: number;
  readonly openConnections: number;
  /** The next stream a client opened, on any session. */
  stream(): Promise<PeerStream>;
  /** The next session a client opened. */
  session(): Promise<PeerSession>;
  /** GOAWAY on every open session. */
  goaway(code?: number, lastStreamId?: number): void;
  destroySessions(): void;
  idle(): Promise<void>;
  stopAccepting(): void;
  close(): Promise<void>;
}

export async function http2Peer(options: Http2PeerOptions = {}): Promise<Http2Peer> {
  const streams = new Inbox<PeerStream>();
  const arrivals = new Inbox<PeerSession>();
  const sessions: PeerSession[] = [];
  const http1 = options.http1 === undefined ? undefined : createServer(options.http1);

  const listener = await listen((socket) => {
    if (socket instanceof TLSSocket && socket.alpnProtocol !== 'h2') {
      if (http1 === undefined) socket.destroy();
      else http1.emit('connection', socket);
      return;
    }
    const session = openSession(socket, options, (stream) => streams.push(stream));
    sessions.push(session);
    arrivals.push(session);
    socket.once('close', () => sessions.splice(sessions.indexOf(session), 1));
  }, tlsOptions(options));

  const close = (): Promise<void> => {
    streams.close(new Error('waited for a stream, but the peer was closed'));
    arrivals.close(new Error('waited for a session, but the peer was closed'));
    return listener.close();
  };
  return {
    origin: listener.origin,
    port: listener.port,
    sessions,
    get connections() {
      return listener.accepted;
    },
    get openConnections() {
      return listener.open.size;
    },
    stream: () => streams.next(),
    session: () => arrivals.next(),
    goaway: (code, lastStreamId) => {
      for (const session of sessions) session.goaway(code, lastStreamId);
    },
    destroySessions: () => {
      for (const session of [...sessions]) session.destroy();
    },
    idle: () => listener.idle(),
    stopAccepting: () => listener.stopAccepting(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function tlsOptions({ tls, http1 }: Http2PeerOptions): { tls?: TlsOptions } {
  if (tls === undefined) return {};
  const ALPNProtocols = http1 === undefined ? ['h2'] : ['h2', 'http/1.1'];
  return { tls: { ALPNProtocols, ...tls } };
}

function openSession(
  socket: Socket,
  { settings = {}, limits = {} }: Http2PeerOptions,
  onStream: (stream: PeerStream) => void,
): PeerSession {
  const closed = Promise.withResolvers<void>();
  socket.once('close', () => closed.resolve());
  const tap = new Http2Tap(socket);
  const session = performServerHandshake(tap, { settings, ...limits });
  session.on('error', () => {});
  session.on('stream', (stream, headers) => {
    // Announced streams have an id, also those reset in the meantime; the type allows for none.
    if (stream.id !== undefined) onStream(new PeerStream(stream, headers, tap.stream(stream.id)));
  });
  return {
    session,
    frames: tap.frames,
    closed: closed.promise,
    goaway: (code = 0, lastStreamId = tap.lastStreamId) =>
      tap.inject(goawayFrame(code, lastStreamId)),
    sendFrame: (frame) => tap.inject(encodeFrame(frame)),
    pause: () => tap.hold(),
    resume: () => tap.release(),
    destroy: () => session.destroy(),
    reset: () => void socket.resetAndDestroy(),
  };
}
