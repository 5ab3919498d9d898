/**
 * A pool used from another thread. Run it with `node examples/other-threads.ts`.
 *
 * This file is both: the main thread, which has the pool, and the thread that is handed a port of
 * it. The handles, messages and promises there are those of any pool; what crosses are commands,
 * reports, and the bytes of bodies, by transfer.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { isMainThread, type MessagePort, Worker, workerData } from 'node:worker_threads';
import { connectPool, createPool } from '../src/index.ts';

if (isMainThread) {
  const server = createServer((request, response) => request.pipe(response));
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
  console.log('the pool saw', pool.stats().totals);
  server.close();
} else {
  const { port, url }: { port: MessagePort; url: string } = workerData;
  await using pool = connectPool(port);

  const response = await pool.await(pool.post(url, { body: 'from another thread' }));
  console.log(response.status, response.text());

  const talk = pool.post(url, { stream: true, streamBody: true });
  for (const word of ['both', 'ways']) await pool.sendBody(talk, `${word} `);
  await pool.finishBody(talk);
  for await (const message of pool.messages(talk)) {
    console.log(message.type, message.type === 'data' ? Buffer.from(message.chunk).toString() : '');
  }
}
