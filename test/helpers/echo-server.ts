/**
 * An ordinary server for ordinary cases, the same over HTTP/1.1 and HTTP/2, with and without TLS,
 * built on node's own servers. It keeps account of every request (see request-log), never closes
 * an idle connection by itself, and has no timeouts, so that only the test's own fire.
 *
 *     /echo            the request's body, as it arrives          /headers   the request's, as JSON
 *     /bytes/:n        n bytes, see `patternBytes`                /sink      { bytes, sha256 }
 *     /status/:code    that status, with a short body             /drip      what the test writes
 *     /slow-headers    answers when released                      /redirect/:code?to=url
 */

import { createServer as createHttp1, type OutgoingHttpHeaders } from 'node:http';
import { createServer as createHttp2, type Http2ServerRequest } from 'node:http2';
import { TLSSocket, type TlsOptions } from 'node:tls';
import {
  answer,
  breakOff,
  type EchoResponse,
  type EchoRoute,
  NOT_FOUND,
  ROUTES,
} from './echo-routes.ts';
import { Http2Tap } from './http2-tap.ts';
import { Inbox } from './inbox.ts';
import { type Arrival, type LoggedRequest, RequestLog, type RequestRecord } from './request-log.ts';
import { listen } from './socket-listener.ts';
import { trustedServer } from './tls.ts';

export { type EchoResponse, type EchoRoute, patternBytes } from './echo-routes.ts';
export type { Arrival, RequestRecord } from './request-log.ts';

/** `h2` is TLS with ALPN and HTTP/1.1 as second choice, `h2c` cleartext with prior knowledge. */
export type EchoProtocol = 'http' | 'https' | 'h2' | 'h2c';

export interface EchoOptions {
  readonly protocol?: EchoProtocol;
  /** Certificate and more; by default the one signed by the test CA. */
  readonly tls?: TlsOptions;
  /** More routes, by the first segment of the path: `{ '/login': (request, response) => … }`. */
  readonly routes?: Readonly<Record<string, EchoRoute>>;
}

/** A `/drip` response: its headers are sent, the rest is the test's. */
export interface Drip {
  write(data: string | Uint8Array): Promise<boolean>;
  end(data?: string | Uint8Array, trailers?: OutgoingHttpHeaders): void;
  /** Breaks off: closes the connection, or resets the stream. */
  destroy(): void;
  /** Resolves when the response is over, `true` if it was sent whole. */
  readonly closed: Promise<boolean>;
}

export interface EchoServer extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  /** Every request whose body has ended or broken off. */
  readonly records: readonly RequestRecord[];
  readonly connections: number;
  readonly openConnections: number;
  /** `/slow-headers` requests waiting now. */
  readonly held: number;
  url(path: string): string;
  /** The next request whose head has arrived. */
  nextArrival(): Promise<Arrival>;
  /** The next request whose body has ended or broken off. */
  nextRequest(): Promise<RequestRecord>;
  /** The next `/drip` response. */
  drip(): Promise<Drip>;
  /** Answers the `/slow-headers` requests that wait now: 200, `released`. */
  release(): void;
  idle(): Promise<void>;
  close(): Promise<void>;
}

export async function echoServer(options: EchoOptions = {}): Promise<EchoServer> {
  const { protocol = 'http', tls = trustedServer } = options;
  const log = new RequestLog();
  const held = new Set<EchoResponse>();
  const drips = new Inbox<Drip>();
  const routes: Readonly<Record<string, EchoRoute>> = {
    ...ROUTES,
    '/slow-headers': (_request, response) => {
      held.add(response);
      response.once('close', () => held.delete(response));
    },
    '/drip': (_request, response) => {
      response.writeHead(200);
      response.flushHeaders?.();
      drips.push(dripOf(response));
    },
    ...options.routes,
  };
  const serve = (
    request: LoggedRequest,
    response: EchoResponse,
    isComplete: () => boolean,
  ): void => {
    response.on('error', () => {});
    const arrival = log.add(request, isComplete);
    const first = `/${(request.url ?? '').split(/[/?]/)[1] ?? ''}`;
    const route = routes[first] ?? NOT_FOUND;
    route(request, response, arrival);
  };
  const secure = protocol === 'https' || protocol === 'h2';
  const ALPNProtocols = protocol === 'h2' ? ['h2', 'http/1.1'] : ['http/1.1'];
  const listener = await listen(
    connectionHandler(protocol, serve),
    secure ? { tls: { ALPNProtocols, ...tls } } : {},
  );
  const close = (): Promise<void> => {
    log.close();
    drips.close(new Error('waited for a /drip request, but the server was closed'));
    return listener.close();
  };
  return {
    origin: listener.origin,
    port: listener.port,
    records: log.records,
    get connections() {
      return listener.accepted;
    },
    get openConnections() {
      return listener.open.size;
    },
    get held() {
      return held.size;
    },
    url: (path) => listener.origin + path,
    nextArrival: () => log.nextArrival(),
    nextRequest: () => log.nextRequest(),
    drip: () => drips.next(),
    release: () => {
      for (const response of held) answer(response, 200, 'released');
      held.clear();
    },
    idle: () => listener.idle(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Serve = (request: LoggedRequest, response: EchoResponse, isComplete: () => boolean) => void;

/** Hands accepted sockets to node's HTTP/1.1 or HTTP/2 server, which listens on nothing itself. */
function connectionHandler(protocol: EchoProtocol, serve: Serve): Parameters<typeof listen>[0] {
  const http1 = createHttp1({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  http1.on('request', (request, response) => serve(request, response, () => request.complete));
  http1.on('clientError', (_error, socket) => socket.destroy());

  const taps = new WeakMap<object, Http2Tap>();
  const http2 = createHttp2();
  http2.on('request', (request: Http2ServerRequest, response) => {
    const { session, id } = request.stream;
    const wire = session && id !== undefined ? taps.get(session)?.stream(id) : undefined;
    serve(request, response, () => wire?.endedByPeer === true);
  });
  http2.on('sessionError', () => {});

  return (socket) => {
    const agreed = socket instanceof TLSSocket ? socket.alpnProtocol === 'h2' : protocol === 'h2c';
    if (!agreed) {
      http1.emit('connection', socket);
      return;
    }
    const tap = new Http2Tap(socket);
    // The server makes the session synchronously, so this listener sees the one of this tap.
    http2.once('session', (session) => taps.set(session, tap));
    http2.emit('connection', tap);
  };
}

function dripOf(response: EchoResponse): Drip {
  const closed = Promise.withResolvers<boolean>();
  // Over HTTP/2 `finish` is emitted for reset streams too.
  const { stream } = response;
  if (stream === undefined) response.once('finish', () => closed.resolve(true));
  response.once('close', () => closed.resolve(stream?.rstCode === 0 && !stream.aborted));
  return {
    write: (data) => {
      const written = Promise.withResolvers<boolean>();
      response.write(data, (error) => written.resolve(!error));
      return written.promise;
    },
    end: (data, trailers) => {
      if (trailers !== undefined) response.addTrailers(trailers);
      response.end(data);
    },
    destroy: () => breakOff(response),
    closed: closed.promise,
  };
}
