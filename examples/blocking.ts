/**
 * Requests of a thread that blocks for each answer. Run it with `node examples/blocking.ts`.
 *
 * The pool is in the main thread, which stays free; the other thread runs plain synchronous code.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isMainThread, type MessagePort, Worker, workerData } from 'node:worker_threads';
import { connectPool, createPool } from '../src/index.ts';

if (isMainThread) {
  const server = createServer((_, response) => response.end('one\ntwo\nthree\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');

  await using pool = createPool();
  const port = pool.port();
  const thread = new Worker(new URL(import.meta.url), {
    workerData: { port, url: `http://127.0.0.1:${address.port}/` },
    transferList: [port],
  });
  await once(thread, 'exit');
  server.close();
} else {
  const { port, url }: { port: MessagePort; url: string } = workerData;
  const { sync } = connectPool(port);

  using stream = sync.request({ url });
  console.log(stream.status);
  for (const chunk of stream) console.log(Buffer.from(chunk).toString().trim().split('\n'));
  console.log(stream.metrics?.bytesReceived, 'bytes');

  console.log(sync.forbid(() => 'nothing in here may block'));
}
