/** How many connections requests take that come one after the other: one, where the peer allows it. */

import { describe, expect, test } from 'vitest';
import type { AsyncHandle, Pool } from '../../../src/index.ts';
import { type EchoOptions, type EchoServer, echoServer } from '../../helpers/echo-server.ts';
import { ISOLATIONS, isolatedPool } from '../../helpers/thread-pool.ts';
import { trustTestCa } from '../../helpers/tls.ts';

const TIMES = 50;

/** The ways to ask. */
const REQUESTS: readonly (readonly [string, (pool: Pool, server: EchoServer) => AsyncHandle])[] = [
  ['GET', (pool, server) => pool.get(server.url('/bytes/10'))],
  ['POST', (pool, server) => pool.post(server.url('/echo'), { body: 'ten  bytes' })],
  [
    'POST of an upload',
    (pool, server) => {
      const handle = pool.post(server.url('/echo'), { streamBody: true });
      void pool.sendBody(handle, 'ten  bytes');
      void pool.finishBody(handle);
      return handle;
    },
  ],
];

/** The last response on its connection. */
const LAST: EchoOptions['routes'] = {
  '/last': (_request, response) => {
    response.writeHead(200, { connection: 'close' });
    response.end('last');
  },
};

describe.each(ISOLATIONS)('requests one after the other, isolation %s', (isolation) => {
  test.each(REQUESTS)('use one connection: %s', async (_name, ask) => {
    await using server = await echoServer();
    await using pool = isolatedPool(isolation);
    for (let count = 0; count < TIMES; count += 1) {
      const { status, body } = await pool.await(ask(pool, server));
      expect([status, body.byteLength]).toEqual([200, 10]);
    }
    expect(server.connections).toBe(1);
  });

  test('use a connection each where the peer closes it with the response', async () => {
    await using server = await echoServer({ routes: LAST });
    await using pool = isolatedPool(isolation);
    for (let count = 0; count < 5; count += 1) {
      expect((await pool.await(pool.get(server.url('/last')))).text()).toBe('last');
    }
    expect(server.connections).toBe(5);
  });
});

describe.each(['http', 'https', 'h2'] as const)(
  'those who wait for a slot, over %s',
  (protocol) => {
    test.each(REQUESTS)('use the connection of the one before: %s', async (_name, ask) => {
      using _trust = trustTestCa();
      await using server = await echoServer({ protocol });
      await using pool = isolatedPool('inline', { maxInFlight: 1 });
      const handles = Array.from({ length: TIMES }, () => ask(pool, server));
      for (const handle of handles) expect((await pool.await(handle)).status).toBe(200);
      expect(server.connections).toBe(1);
    });
  },
);

test.each(['http', 'https'] as const)(
  'those who wait for a slot, over %s, use a connection each where the peer closes it',
  async (protocol) => {
    using _trust = trustTestCa();
    await using server = await echoServer({ protocol, routes: LAST });
    await using pool = isolatedPool('inline', { maxInFlight: 1 });
    const handles = Array.from({ length: 5 }, () => pool.get(server.url('/last')));
    for (const handle of handles) expect((await pool.await(handle)).text()).toBe('last');
    expect(server.connections).toBe(5);
  },
);
