/**
 * Buffered requests: `pool.await` gives the whole response. Run it with `node examples/buffered.ts`.
 *
 * An HTTP error status is a response; only a request that got no whole response is an error.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createPool, RequestError } from '../src/index.ts';

const server = createServer((request, response) => {
  if (request.url !== '/items') return response.writeHead(404).end('no such thing');
  response.setHeader('content-type', 'application/json');
  if (request.method === 'GET') return response.end(JSON.stringify(['bolt', 'nut']));
  request.pipe(response.writeHead(201));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
assert(address !== null && typeof address === 'object');
const origin = `http://127.0.0.1:${address.port}`;

{
  await using pool = createPool({ workers: 2 });

  // A handle is there at once; any number of them run at the same time.
  const items = pool.get(`${origin}/items`, { headers: { accept: 'application/json' } });
  const created = pool.post(`${origin}/items`, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'washer' }),
  });
  const missing = pool.get(`${origin}/nothing`);

  const list = await pool.await(items);
  console.log('GET  /items  ', list.status, list.json(), `${list.metrics.total.toFixed(1)} ms`);
  assert.deepEqual(list.json(), ['bolt', 'nut']);

  const echo = await pool.await(created);
  console.log('POST /items  ', echo.status, echo.text());
  assert.equal(echo.status, 201);

  const response = await pool.await(missing);
  console.log('GET  /nothing', response.status, response.text());
  assert.equal(response.status, 404);

  // Nobody listens here: no response, so `await` rejects.
  const refused = pool.get('http://127.0.0.1:1/');
  await assert.rejects(pool.await(refused), (error) => {
    assert(error instanceof RequestError);
    console.log('GET  port 1  ', error.code, `in phase ${error.phase}, sent: ${error.sent}`);
    return error.code === 'ERR_CONNECT';
  });
}
server.close();
