/**
 * A streamed upload with a buffered response. Run it with `node examples/upload.ts`.
 *
 * `sendBody` resolves when there is room for more, so that this loop reads its source no faster
 * than the server takes it, and never holds more than `uploadBuffer` and one chunk.
 */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { createPool } from '../src/index.ts';

const server = createServer(async (request, response) => {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  response.end(JSON.stringify({ bytes, sha256: hash.digest('hex') }));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
assert(address !== null && typeof address === 'object');

{
  await using pool = createPool();
  const upload = pool.put(`http://127.0.0.1:${address.port}/file`, { streamBody: true });

  // Any source of chunks will do; here it is the binary that runs this file.
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(process.execPath, { end: 16 * 1024 * 1024 - 1 })) {
    // `false` says that the exchange has ended and nobody wants more; `await` below says why.
    if (!(await pool.sendBody(upload, chunk))) break;
    hash.update(chunk);
  }
  await pool.finishBody(upload);

  const response = await pool.await(upload);
  console.log('the server saw', response.text());
  console.log('the upload   ', response.upload);
  assert.deepEqual(response.json(), { bytes: 16 * 1024 * 1024, sha256: hash.digest('hex') });
  assert.deepEqual(response.upload, {
    complete: true,
    bytesSent: 16 * 1024 * 1024,
    endedBy: 'caller',
  });
}
server.close();
