/**
 * What becomes of an upload whose caller dies. Run it with `node examples/caller-death.ts`.
 *
 * By default the pool finishes the body for the dead caller: the server sees a finished request
 * with what was accepted. With `onCallerDeath: 'cancel'` it sees an aborted one.
 */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { createPool, RequestError, type RequestOptions } from '../src/index.ts';

const seen = new EventEmitter();
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    seen.emit('chunk');
  });
  request.on('end', () => response.end('thanks'));
  // An aborted request closes without 'end'; the error says the same once more.
  request.on('error', () => undefined);
  request.on('close', () => {
    seen.emit('body', request.complete ? 'finished' : 'aborted', Buffer.concat(chunks).toString());
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
assert(address !== null && typeof address === 'object');
const url = `http://127.0.0.1:${address.port}/`;

await using pool = createPool();

/** Sends one chunk, lets the caller die, and tells what the server saw and how the exchange ended. */
async function dieMidUpload(options: RequestOptions) {
  const caller = new AbortController();
  const body = once(seen, 'body');
  const firstChunk = once(seen, 'chunk');
  const upload = pool.post(url, { ...options, streamBody: true, caller: caller.signal });
  await pool.sendBody(upload, 'half of it');
  await firstChunk;

  caller.abort(new Error('the user closed the tab'));
  assert.equal(await pool.sendBody(upload, 'the rest'), false);

  const ended = await pool.await(upload).catch((error: unknown) => error);
  assert(ended instanceof RequestError);
  const [state, text] = await body;
  console.log(`server saw a body ${state}: '${text}'; the exchange ended in ${ended.code}`);
  return { state, text, code: ended.code };
}

const finished = await dieMidUpload({});
assert.deepEqual(finished, { state: 'finished', text: 'half of it', code: 'ERR_CALLER_DIED' });

const cancelled = await dieMidUpload({ onCallerDeath: 'cancel' });
assert.equal(cancelled.state, 'aborted');
assert.equal(cancelled.code, 'ERR_CALLER_DIED');

// A scope is a caller too: it dies when it is disposed of.
const scoped = once(seen, 'body');
{
  using scope = pool.withCaller();
  const upload = scope.post(url, { streamBody: true });
  await pool.sendBody(upload, 'from a scope');
}
const [state, text] = await scoped;
console.log(`server saw a body ${state}: '${text}'; its scope was disposed of`);
assert.deepEqual([state, text], ['finished', 'from a scope']);
server.close();
