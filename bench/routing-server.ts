/**
 * Many origins in a child process: servers on ports of their own, which answer 1 KiB, the first one
 * late if it is asked to be. It reports its ports, and on any message how many connections were
 * made since the last one. It ends with its parent.
 *
 *     GET /?late=ms
 */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KIB } from './payload.ts';

const ORIGINS = 40;
const BODY = Buffer.alloc(KIB, 'spool');
let opened = 0;

const servers = await Promise.all(Array.from({ length: ORIGINS }, start));
process.on('disconnect', () => process.exit());
process.on('message', () => {
  process.send?.(opened);
  opened = 0;
});
process.send?.(servers.map((server) => (server.address() as AddressInfo).port));

async function start(_: unknown, index: number): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const late = index === 0 ? Number(request.url?.split('late=')[1] ?? 0) : 0;
    const answer = (): void => {
      response.writeHead(200, { 'content-length': BODY.length }).end(BODY);
    };
    if (late > 0) setTimeout(answer, late);
    else answer();
  });
  server.on('connection', () => {
    opened += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
