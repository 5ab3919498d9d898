/**
 * Both directions at once: each line goes up only after the answer to the one before came down.
 * Run it with `node examples/bidirectional.ts`.
 *
 * On HTTP/1.1 the head of the request leaves with its first chunk: send something, or finish the
 * body, before waiting for `status`.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createPool } from '../src/index.ts';

const server = createServer(async (request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain' });
  for await (const chunk of request) response.write(String(chunk).toUpperCase());
  response.end();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
assert(address !== null && typeof address === 'object');

{
  await using pool = createPool();
  const talk = pool.post(`http://127.0.0.1:${address.port}/talk`, {
    stream: true,
    streamBody: true,
  });

  const lines = ['so far up', 'so far down', 'over and out'];
  const heard: string[] = [];
  await pool.sendBody(talk, lines[0] ?? '');

  for await (const message of pool.messages(talk)) {
    switch (message.type) {
      case 'status':
        console.log('status', message.status, `HTTP/${message.httpVersion}`);
        break;
      case 'data': {
        heard.push(Buffer.from(message.chunk).toString());
        console.log('data  ', heard.at(-1));
        const next = lines[heard.length];
        if (next === undefined) await pool.finishBody(talk);
        else await pool.sendBody(talk, next);
        break;
      }
      case 'done':
        console.log('done  ', message.upload);
        break;
      case 'error':
        throw message.error;
    }
  }
  assert.deepEqual(heard, ['SO FAR UP', 'SO FAR DOWN', 'OVER AND OUT']);
}
server.close();
