/** A transport of the user's own: mocks, proxies, interceptors. */

import { Agent, type Dispatcher, interceptors, MockAgent, ProxyAgent } from 'undici';
import { describe, expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';
import { echoServer } from '../../helpers/echo-server.ts';
import { codeOf, endOf, gaugesOf, IDLE, messagesOf } from '../../helpers/ends.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const ORIGIN = 'http://api.test';

function mocked(): MockAgent {
  const agent = new MockAgent();
  agent.disableNetConnect();
  return agent;
}

describe('a MockAgent', () => {
  test('I2 answers what it was told to, buffered and streamed', async () => {
    const agent = mocked();
    const mock = agent.get(ORIGIN);
    const headers = { 'content-type': 'application/json' };
    mock.intercept({ path: '/a' }).reply(200, { a: 1 }, { headers }).times(2);
    await using pool = createPool({ workers: 1, dispatcher: () => agent });
    const response = await pool.await(pool.get(`${ORIGIN}/a`));
    expect(response).toMatchObject({ status: 200, headers, httpVersion: '1.1' });
    expect(response.json()).toEqual({ a: 1 });
    const messages = await messagesOf(pool, pool.get(`${ORIGIN}/a`, { stream: true }));
    expect(messages.map(({ type }) => type)).toEqual(['status', 'data', 'done']);
    agent.assertNoPendingInterceptors();
    expect(gaugesOf(pool)).toEqual(IDLE);
  });

  test('I2 sees method, path, headers and body', async () => {
    const agent = mocked();
    const seen: unknown[] = [];
    agent
      .get(ORIGIN)
      .intercept({ path: '/b?c=d', method: 'PUT', headers: { 'x-e': 'f' }, body: 'whole' })
      .reply(201, (options) => {
        seen.push(options.body);
        return '';
      });
    await using pool = createPool({ workers: 1, dispatcher: () => agent });
    const options = { headers: { 'X-E': 'f' }, body: 'whole' };
    const { status, upload } = await pool.await(pool.put(`${ORIGIN}/b?c=d`, options));
    expect([status, String(seen)]).toEqual([201, 'whole']);
    expect(upload).toEqual({ complete: true, bytesSent: 5, endedBy: 'caller' });
  });

  test('I2 answers a streamed upload', async () => {
    const agent = mocked();
    agent.get(ORIGIN).intercept({ path: '/up', method: 'POST' }).reply(200, 'thanks');
    await using pool = createPool({ workers: 1, dispatcher: () => agent });
    const handle = pool.post(`${ORIGIN}/up`, { streamBody: true });
    void pool.sendBody(handle, 'some');
    void pool.finishBody(handle);
    expect((await pool.await(handle)).text()).toBe('thanks');
    expect(gaugesOf(pool)).toEqual(IDLE);
  });

  test('I2 fails one request with its error and leaves the worker alone', async () => {
    const agent = mocked();
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    agent.get(ORIGIN).intercept({ path: '/no' }).replyWithError(refused);
    agent.get(ORIGIN).intercept({ path: '/yes' }).reply(200, 'yes');
    await using pool = createPool({ workers: 1, dispatcher: () => agent });
    expect(await endOf(pool, pool.get(`${ORIGIN}/no`))).toMatchObject({
      error: { code: 'ERR_CONNECT', cause: refused },
    });
    const unknown = await endOf(pool, pool.get(`${ORIGIN}/unknown`));
    expect(unknown).toMatchObject({
      error: { cause: { code: 'UND_MOCK_ERR_MOCK_NOT_MATCHED' }, sent: false },
    });
    expect((await pool.await(pool.get(`${ORIGIN}/yes`))).text()).toBe('yes');
    expect(pool.stats().workers).toMatchObject([{ state: 'up', restarts: 0 }]);
  });

  test('I2 leaves the event loop its turns, though it answers at once', async () => {
    const agent = mocked();
    agent.get(ORIGIN).intercept({ path: '/' }).reply(200, '').persist();
    await using pool = createPool({ workers: 1, dispatcher: () => agent });
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    let requests = 0;
    while (!hasTurned && requests < 100) {
      await pool.await(pool.get(`${ORIGIN}/`));
      requests += 1;
    }
    expect(requests).toBeLessThan(100);
  });
});

describe('a dispatcher of the user', () => {
  test('I2 is made once per worker and start, with its id, and closed with the pool', async () => {
    const made: number[] = [];
    const agents: Agent[] = [];
    const dispatcher = ({ id }: { readonly id: number }): Dispatcher => {
      made.push(id);
      const agent = new Agent();
      agents.push(agent);
      return agent;
    };
    await using server = await echoServer();
    const pool = createPool({ workers: 2, dispatcher });
    expect(made).toEqual([1, 2]);
    pool.killWorker(1);
    const bodies = [1, 2, 3].map(() => pool.await(pool.get(server.url('/status/200'))));
    await Promise.all(bodies);
    await pool.close();
    expect(made.slice(0, 2)).toEqual([1, 2]);
    expect(agents.every((agent) => agent.destroyed)).toBe(true);
    await server.idle();
  });

  test('I2 may be composed with interceptors', async () => {
    await using server = await echoServer();
    const dispatcher = (): Dispatcher =>
      new Agent().compose(
        interceptors.redirect({ maxRedirections: 2 }),
        (dispatch) => (options, handler) =>
          dispatch({ ...options, path: options.path.replace('/from', '/redirect') }, handler),
      );
    await using pool = createPool({ workers: 1, dispatcher });
    const to = encodeURIComponent(server.url('/bytes/100'));
    const response = await pool.await(pool.get(server.url(`/from/302?to=${to}`)));
    expect([response.status, response.body.length]).toEqual([200, 100]);
    await pool.close();
    await server.idle();
  });

  test('I2 may retry: the pool sees the last attempt alone', async () => {
    await using peer = await scriptedPeer();
    const retry = interceptors.retry({ minTimeout: 1, maxTimeout: 1, maxRetries: 2 });
    const dispatcher = (): Dispatcher => new Agent().compose(retry);
    await using pool = createPool({ workers: 1, dispatcher });
    const messages = messagesOf(pool, pool.get(peer.origin, { stream: true }));
    const first = await peer.connection();
    await first.readHead();
    await first.respond(503, { connection: 'close' }, 'not yet');
    const second = await peer.connection();
    await second.readHead();
    await second.respond(200, { connection: 'close' }, 'now');
    expect((await messages).map(({ type }) => type)).toEqual(['status', 'data', 'done']);
    expect(gaugesOf(pool)).toEqual(IDLE);
  });

  test('I2 may be a ProxyAgent', async () => {
    await using proxy = await scriptedPeer();
    const dispatcher = (): Dispatcher => new ProxyAgent({ uri: proxy.origin, proxyTunnel: false });
    await using pool = createPool({ workers: 1, dispatcher });
    const response = pool.await(pool.get('http://far.test/path'));
    const connection = await proxy.connection();
    expect(await connection.readHead()).toMatchObject({
      target: 'http://far.test/path',
      headers: { host: 'far.test' },
    });
    await connection.respond(200, {}, 'by proxy');
    expect((await response).text()).toBe('by proxy');
  });

  test('I2 is aborted, and its peer sees it, like the pool’s own', async () => {
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1, dispatcher: () => new Agent() });
    const handle = pool.get(peer.origin);
    const connection = await peer.connection();
    await connection.readHead();
    pool.cancel(handle);
    expect(await codeOf(pool.await(handle))).toBe('ERR_CANCELLED');
    await connection.closed;
  });
});
