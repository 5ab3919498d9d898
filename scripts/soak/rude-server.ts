/**
 * A server in a process of its own that does what each request asks of it, however rude: the path
 * is `/<behaviour>/<id>/<bytes>`. HTTP/1.1 in cleartext and HTTP/2 over TLS.
 *
 * It tells its parent what it saw of each request body: whether it came to its proper end, how long
 * it was, and whether every byte was the right one in the right place.
 */

import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { trustedServer } from '../../test/helpers/tls.ts';
import { bytesOf } from '../../test/property/simulation/pattern.ts';
import type { Behaviour, Report } from './storm.ts';

interface Asked {
  readonly request: http.IncomingMessage | http2.Http2ServerRequest;
  readonly response: http.ServerResponse | http2.Http2ServerResponse;
  readonly id: number;
  readonly bytes: number;
  readonly read: Promise<boolean>;
}

const BEHAVIOURS: Readonly<Record<Behaviour, (asked: Asked) => void>> = {
  /** Reads all, then answers. */
  well: (asked) => void asked.read.then((whole) => whole && answer(asked, 200, asked.bytes)),
  /** Answers at once, and reads on. */
  early: (asked) => answer(asked, 413, asked.bytes),
  echo: (asked) => {
    head(asked, 200);
    asked.request.on('data', (chunk: Uint8Array) => void write(asked, chunk));
    void asked.read.then((whole) => whole && asked.response.end());
  },
  trickle: (asked) => {
    head(asked, 200);
    let sent = 0;
    const timer = setInterval(() => {
      if (sent >= Math.min(asked.bytes, 40)) {
        clearInterval(timer);
        asked.response.end();
        return;
      }
      write(asked, bytesOf(asked.id * 2, sent, 1));
      sent += 1;
    }, 2);
    asked.response.once('close', () => clearInterval(timer));
  },
  /** Lets the upload wait. */
  slow: (asked) => {
    asked.request.pause();
    setTimeout(() => asked.request.resume(), 50);
    void asked.read.then((whole) => whole && answer(asked, 200, asked.bytes));
  },
  reset_before: (asked) => reset(asked),
  reset_inside: (asked) => {
    head(asked, 200, asked.bytes + 1_000);
    write(asked, bytesOf(asked.id * 2, 0, asked.bytes));
    setTimeout(() => reset(asked), 5);
  },
  truncate: (asked) => {
    head(asked, 200, asked.bytes + 1_000);
    write(asked, bytesOf(asked.id * 2, 0, asked.bytes));
    setTimeout(() => socketOf(asked)?.end(), 5);
  },
  stall_before: () => {},
  stall_inside: (asked) => {
    head(asked, 200);
    write(asked, bytesOf(asked.id * 2, 0, asked.bytes));
  },
  /** The connection is given up in order: GOAWAY, or `connection: close`. */
  leave: (asked) => {
    const { response } = asked;
    if ('stream' in response) response.stream?.session?.goaway();
    else response.shouldKeepAlive = false;
    void asked.read.then((whole) => whole && answer(asked, 200, asked.bytes));
  },
  /** The connection is destroyed, with all that runs on it. */
  destroy: (asked) => {
    const { response } = asked;
    if ('stream' in response) response.stream?.session?.destroy();
    else response.socket?.destroy();
  },
};

function serve(request: Asked['request'], response: Asked['response']): void {
  const [, behaviour = '', id = '', bytes = ''] = (request.url ?? '').split('/');
  request.on('error', ignore);
  response.on('error', ignore);
  const act = BEHAVIOURS[behaviour as Behaviour];
  const read = readBody(request, Number(id));
  act({ request, response, id: Number(id), bytes: Number(bytes), read });
}

/** Reads the body, compares it, and reports; resolves with whether it came to its end. */
function readBody(request: Asked['request'], id: number): Promise<boolean> {
  let length = 0;
  let intact = true;
  let whole = false;
  request.on('data', (chunk: Uint8Array) => {
    const expected = bytesOf(id * 2 + 1, length, chunk.byteLength);
    if (!Buffer.from(expected).equals(chunk)) intact = false;
    length += chunk.byteLength;
  });
  return new Promise((resolve) => {
    const over = (): void => {
      const report: Report = { id, whole, bytes: length, intact };
      process.send?.(report);
      resolve(whole);
    };
    request.once('end', () => {
      // node:http2 also ends what was cut, and what was not read when the response ended.
      if ('stream' in request) whole = !request.stream.aborted && !request.stream.writableEnded;
      else whole = request.complete;
    });
    request.once('close', over);
    request.once('end', over);
  });
}

function answer(asked: Asked, status: number, bytes: number): void {
  head(asked, status, bytes);
  asked.response.end(bytesOf(asked.id * 2, 0, bytes));
}

function head({ response }: Asked, status: number, length?: number): void {
  if (response.destroyed || response.headersSent) return;
  const headers = length === undefined ? {} : { 'content-length': length };
  if ('stream' in response) {
    response.writeHead(status, headers);
  } else {
    response.writeHead(status, headers);
    response.flushHeaders();
  }
}

function write({ response }: Asked, bytes: Uint8Array): void {
  if (response.destroyed || response.writableEnded) return;
  // The same call for both, which have the same signature in overloads of their own.
  if ('stream' in response) response.write(bytes);
  else response.write(bytes);
}

function reset(asked: Asked): void {
  const { response } = asked;
  if ('stream' in response) response.stream?.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  else response.socket?.resetAndDestroy();
}

function socketOf({ response }: Asked): Socket | undefined {
  return response.socket ?? undefined;
}

function ignore(): void {}

const plain = http.createServer({ keepAliveTimeout: 300 }, serve);
const secure = http2.createSecureServer(trustedServer, serve);
secure.on('sessionError', ignore);
for (const server of [plain, secure]) {
  server.on('clientError', (_error: Error, socket: Socket) => void socket.destroy());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
}
const portOf = (server: http.Server | http2.Http2SecureServer): number =>
  (server.address() as AddressInfo).port;
process.send?.({ http1: portOf(plain), http2: portOf(secure) });
process.on('disconnect', () => process.exit());
