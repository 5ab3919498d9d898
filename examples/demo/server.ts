/**
 * The demo's HTTP server, run in a process of its own on a free loopback port.
 *
 *     POST /xor/ID     streams the body back, every byte XOR 0x5a
 *     GET  /hold/ID    sends a first line, then waits for `release` before it ends
 *     GET  /small/N    answers {"n":N,"square":N*N}
 *
 * Invariant: it reports what it saw, never what it expected. It knows nothing of the library.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { masked, Tally } from './bytes.ts';
import type { FromServer, ToServer } from './control.ts';

const released = Promise.withResolvers<void>();
let small = 0;
let reports = 0;

const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
  const [, route, id = ''] = (request.url ?? '/').split('/');
  if (route === 'xor' && request.method === 'POST') return answerXor(id, request, response);
  if (route === 'hold') return answerHold(id, request, response);
  if (route === 'small') return answerSmall(id, response);
  response.writeHead(404).end();
});

process.on('message', (message: ToServer) => {
  if (message.type === 'release') released.resolve();
  else stop();
});
// The parent is gone: nobody is left to serve.
process.on('disconnect', () => process.exit());

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') {
    tell({ type: 'listening', port: address.port });
  }
});

function answerXor(id: string, request: IncomingMessage, response: ServerResponse): void {
  const seen = observe(id, request, response);
  const transform = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      seen.add(chunk);
      done(null, masked(chunk));
    },
  });
  response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
  // A cut-off request rejects here; `observe` reports it when the response closes.
  pipeline(request, transform, response).catch(() => undefined);
}

function answerHold(id: string, request: IncomingMessage, response: ServerResponse): void {
  observe(id, request, response);
  request.resume();
  response.writeHead(200, { 'content-type': 'text/plain' }).write('held\n');
  released.promise.then(() => response.end('released\n'));
}

function answerSmall(id: string, response: ServerResponse): void {
  small += 1;
  const n = Number(id);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ n, square: n * n }));
}

/** Reports the exchange once, when its response has ended one way or the other. */
function observe(id: string, request: IncomingMessage, response: ServerResponse): Tally {
  const tally = new Tally();
  let body: 'whole' | 'cut' = 'cut';
  request.once('end', () => {
    body = 'whole';
  });
  response.once('close', () => {
    reports += 1;
    const answer = response.writableFinished ? 'whole' : 'cut';
    tell({ type: 'report', id, body, answer, ...tally.digest() });
  });
  return tally;
}

function stop(): void {
  server.close(() => {
    tell({ type: 'summary', small, reports });
    process.disconnect();
  });
  server.closeAllConnections();
}

function tell(message: FromServer): void {
  process.send?.(message);
}
