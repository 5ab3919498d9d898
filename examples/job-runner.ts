/**
 * A gateway in front of a slow service. Run it with `node examples/job-runner.ts`.
 *
 * Jobs wait for the service in the pool's queue, by tenant: people come between the hundreds that
 * the night batch has queued. When the queue is full a job is refused with 429, when it has waited
 * too long with 503, both with `Retry-After`; and when its client leaves, it leaves the queue.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { createPool, type ErrorCode, RequestError } from '../src/index.ts';

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}

// The service: it takes two jobs at a time, and here it answers when it is told to.
const jobs: string[] = [];
const held = new Set<ServerResponse>();
let isHolding = true;
const service = createServer((request, response) => {
  jobs.push(request.url ?? '');
  if (isHolding) held.add(response);
  else response.end('done');
});
const serviceOrigin = await listen(service);

const pool = createPool({
  maxPerOrigin: 2,
  queueLimit: 20,
  tenants: { people: 3, batch: 1 },
});

/** The whole of the gateway: one request in, one job out. */
const gateway = createServer(async (request, response) => {
  const tenant = request.url === '/people' ? 'people' : 'batch';
  const queueTimeout = tenant === 'people' ? 500 : 60_000;
  try {
    const url = `${serviceOrigin}/${tenant}`;
    const job = pool.get(url, { tenant, queueTimeout, caller: response });
    const { status, body } = await pool.await(job);
    response.writeHead(status).end(body);
  } catch (error) {
    refuse(response, error);
  }
});

const REFUSALS: Partial<Record<ErrorCode, number>> = {
  ERR_OVERLOAD: 429,
  ERR_ADMISSION_TIMEOUT: 503,
  ERR_POOL_CLOSED: 503,
};

function refuse(response: ServerResponse, error: unknown): void {
  const status = error instanceof RequestError ? REFUSALS[error.code] : undefined;
  if (status === undefined) response.writeHead(502).end('the service did not answer');
  else response.writeHead(status, { 'retry-after': '1' }).end('try again later');
}

const gatewayOrigin = await listen(gateway);
const ask = async (path: string): Promise<string> => {
  const response = await fetch(gatewayOrigin + path);
  await response.text();
  return `${response.status}, retry-after: ${response.headers.get('retry-after')}`;
};
const untilQueued = async (count: number): Promise<void> => {
  while (pool.stats().queued !== count) await turn();
};

// Two run, twenty wait: the queue is full.
const batch = Array.from({ length: 20 }, () => ask('/batch'));
await untilQueued(18);
const impatient = [ask('/people'), ask('/people')];
await untilQueued(20);
const refused = await ask('/batch');
console.log('the queue is full:', refused);
assert.equal(refused, '429, retry-after: 1');

// Nobody is served, and people do not wait for ever.
const late = await Promise.all(impatient);
console.log('waited too long:  ', late[0]);
assert.deepEqual(late, Array(2).fill('503, retry-after: 1'));

// A client that leaves takes its job with it.
const leaving = new AbortController();
const left = fetch(`${gatewayOrigin}/batch`, { signal: leaving.signal });
await untilQueued(19);
leaving.abort();
await assert.rejects(left);
await untilQueued(18);

// One of the people comes last, and is next.
const person = ask('/people');
await untilQueued(19);
const before = jobs.length;
isHolding = false;
for (const response of held) response.end('done');
console.log('served at last:   ', await person);
assert.equal(await person, '200, retry-after: null');
const place = jobs.indexOf('/people') - before + 1;
console.log(`its place in the line, behind 18 of the batch: ${place}`);
assert(place <= 3, `${place}`);
assert.deepEqual(await Promise.all(batch), Array(20).fill('200, retry-after: null'));

await pool.close();
gateway.close();
service.close();
