/** Workers in threads: a pool of them answers as one whose workers run inline. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message, Metrics } from '../../../src/index.ts';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import { type EchoServer, echoServer, patternBytes } from '../../helpers/echo-server.ts';
import { messagesOf } from '../../helpers/ends.ts';
import { ISOLATIONS, isolatedPool } from '../../helpers/thread-pool.ts';
import { trustTestCa } from '../../helpers/tls.ts';

const MIB = 1024 * 1024;
const pools = new Map<string, RequestPool>();
let trust: Disposable;

beforeAll(async () => {
  trust = trustTestCa();
  for (const isolation of ISOLATIONS) pools.set(isolation, isolatedPool(isolation));
  // On a busy machine a thread may need longer to start than an idle connection is kept.
  await using server = await echoServer();
  await bothOf((pool) => pool.await(pool.get(server.url('/bytes/1'))));
});

afterAll(async () => {
  for (const pool of pools.values()) await pool.close();
  trust[Symbol.dispose]();
});

/** What each kind of pool makes of the same request, the thread's last. */
async function bothOf<T>(use: (pool: RequestPool) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  for (const pool of pools.values()) results.push(await use(pool));
  return results;
}

/** Without what differs from one request to the next, on whatever kind of worker. */
function comparable(metrics: Metrics): object {
  const { bytesSent, bytesReceived, worker, attempts, reusedConnection, connect, tls } = metrics;
  const steps = { connect: typeof connect, tls: typeof tls };
  return { bytesSent, bytesReceived, worker, attempts, reusedConnection, steps };
}

describe.each(['http', 'h2'] as const)('W5 over %s a thread and inline agree on', (protocol) => {
  let server: EchoServer;

  beforeAll(async () => {
    server = await echoServer({
      protocol,
      routes: {
        '/cookies': (_request, response) => {
          response.writeHead(200, { 'X-Mixed': 'A', 'set-cookie': ['a=1', 'b=2'] });
          response.end('crumbs');
        },
      },
    });
  });

  afterAll(() => server[Symbol.asyncDispose]());

  test('a response: status, headers, raw headers, version, body, metrics', async () => {
    for (let round = 0; round < 2; round += 1) {
      const [inline, thread] = await bothOf(async (pool) => {
        const response = await pool.await(pool.get(`${server.origin}/cookies`));
        const { status, headers, rawHeaders, httpVersion, url, metrics } = response;
        const { date: _date, ...rest } = headers;
        const raw = rawHeaders.filter(
          (_part, index) => !/date/i.test(rawHeaders[index & ~1] ?? ''),
        );
        const text = response.text();
        return { status, rest, raw, httpVersion, url, text, metrics: comparable(metrics) };
      });
      expect(thread).toEqual(inline);
      expect(thread).toMatchObject({
        rest: { 'set-cookie': ['a=1', 'b=2'] },
        text: 'crumbs',
        metrics: { reusedConnection: round > 0 },
      });
    }
  });

  test('the order and the bytes of a stream', async () => {
    const url = `${server.origin}/bytes/${3 * MIB}`;
    const [inline, thread] = await bothOf(async (pool) => {
      const messages = await messagesOf(pool, pool.get(url, { stream: true }));
      const hash = createHash('sha256');
      for (const message of messages) if (message.type === 'data') hash.update(message.chunk);
      const types = messages.map(({ type }) => type).filter((type) => type !== 'data');
      return { types, sha256: hash.digest('hex') };
    });
    expect(thread).toEqual(inline);
    const sha256 = createHash('sha256')
      .update(patternBytes(3 * MIB))
      .digest('hex');
    expect(thread).toEqual({ types: ['status', 'done'], sha256 });
  });

  test('bodies that go up whole, in parts, and from a source', async () => {
    const small = 'text with ünïcode';
    const large = Buffer.from(patternBytes(2 * MIB));
    const [inline, thread] = await bothOf(async (pool) => {
      const url = `${server.origin}/sink`;
      const parts = pool.post(url, { streamBody: true });
      for (let at = 0; at < large.length; at += 100_000) {
        await pool.sendBody(parts, large.subarray(at, at + 100_000));
      }
      const finished = await pool.finishBody(parts);
      const handles = [
        pool.post(url, { body: small }),
        pool.post(url, { body: '' }),
        pool.post(url, { body: large }),
        pool.post(url, { body: [small, large, small], headers: { 'x-a': 'b' } }),
        parts,
      ];
      const responses = await Promise.all(handles.map((handle) => pool.await(handle)));
      return [finished, responses.map((response) => [response.json(), response.upload])];
    });
    expect(thread).toEqual(inline);
    expect(thread?.[0]).toBe(true);
    expect(JSON.stringify(thread)).toContain(createHash('sha256').update(large).digest('hex'));
  });

  test('data that flows both ways at a time', async () => {
    const [inline, thread] = await bothOf(async (pool) => {
      const handle = pool.post(`${server.origin}/echo`, { stream: true, streamBody: true });
      const heard: string[] = [];
      expect(await pool.sendBody(handle, 'one')).toBe(true);
      for await (const message of pool.messages(handle)) {
        heard.push(textOf(message));
        if (heard.length === 2) await pool.sendBody(handle, 'two');
        if (heard.length === 3) await pool.finishBody(handle);
      }
      return heard;
    });
    expect(thread).toEqual(inline);
    expect(thread).toEqual(['status 200', 'one', 'two', 'done']);
  });

  test('a response that the caller abandons', async () => {
    const [inline, thread] = await bothOf(async (pool) => {
      const handle = pool.get(`${server.origin}/drip`, { stream: true });
      const drip = await server.drip();
      await drip.write('a');
      for await (const message of pool.messages(handle)) if (message.type === 'data') break;
      return drip.closed;
    });
    expect([inline, thread]).toEqual([false, false]);
  });
});

function textOf(message: Message): string {
  if (message.type === 'status') return `status ${message.status}`;
  return message.type === 'data' ? Buffer.from(message.chunk).toString() : message.type;
}
