/**
 * The other end, in a child process: a plain `node:http` server with keep-alive on a free loopback
 * port, which it reports to its parent. It ends with its parent.
 *
 *     GET  /small                 1 KiB
 *     POST /small                 reads the body, answers 1 KiB
 *     GET  /down?bytes=n          n bytes, chunked, in chunks of 64 KiB
 *     POST /up?stall=ms           counts the body, from `ms` later on, and answers the count
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chunksOf, KIB } from './payload.ts';

const SMALL = Buffer.alloc(KIB, 'spool');
const SMALL_HEAD = { 'content-type': 'application/octet-stream', 'content-length': SMALL.length };

const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/down') {
    download(response, Number(url.searchParams.get('bytes')));
  } else if (url.pathname === '/up') {
    const stallMs = Number(url.searchParams.get('stall'));
    if (stallMs > 0) setTimeout(upload, stallMs, request, response);
    else upload(request, response);
  } else if (request.method === 'GET') {
    small(response);
  } else {
    request.resume();
    request.on('end', () => small(response));
  }
});

function small(response: ServerResponse): void {
  response.writeHead(200, SMALL_HEAD).end(SMALL);
}

function download(response: ServerResponse, bytes: number): void {
  const chunks = chunksOf(bytes);
  const writeOn = (): void => {
    // Not `for … of`, which would end the generator where the writing pauses.
    for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
      if (!response.write(next.value)) return;
    }
    response.end();
  };
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  response.on('drain', writeOn);
  writeOn();
}

function upload(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => response.end(String(bytes)));
}

process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
