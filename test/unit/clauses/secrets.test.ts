/** Clause S3: no error, warning or snapshot tells userinfo, query, authorization or a cookie. */

import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AsyncHandle, Pool, RequestHeaders, RequestOptions } from '../../../src/index.ts';
import { createPool, RequestError } from '../../../src/index.ts';
import { HTTP1_FAILURES } from '../../helpers/http1-failures.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { untrustedServer } from '../../helpers/tls.ts';

let peer: ScriptedPeer;
let pool: Pool;

beforeEach(async () => {
  peer = await scriptedPeer();
  pool = createPool();
});

afterEach(async () => {
  await pool.destroy();
  await peer.close();
});

const SECRET_HEADERS: RequestHeaders = {
  authorization: 'Bearer hunter-bearer',
  'proxy-authorization': 'Basic hunter-proxy',
  cookie: 'sid=hunter-cookie',
};
const WITH_SECRETS: RequestOptions = {
  method: 'POST',
  body: 'hunter-body',
  headers: SECRET_HEADERS,
};

function secretUrl(origin: string): string {
  return `${origin.replace('://', '://hunter-user:hunter-password@')}/a?token=hunter-query#hunter`;
}

const BASIC = Buffer.from('hunter-user:hunter-password').toString('base64');

/** Every way in which a value is usually shown: logged, printed, thrown, sent as JSON. */
function shown(value: unknown): string {
  const texts = [inspect(value, { depth: Number.POSITIVE_INFINITY }), String(value)];
  texts.push(JSON.stringify(value) ?? '');
  if (value instanceof Error) texts.push(value.stack ?? '', shown(value.cause));
  if (value instanceof RequestError) texts.push(JSON.stringify(value.toJSON()));
  return texts.join('\n');
}

function expectNoSecret(value: unknown): void {
  expect(shown(value)).not.toMatch(/hunter/);
  expect(shown(value)).not.toContain(BASIC);
}

async function expectDiscreetEnd(handle: AsyncHandle): Promise<void> {
  const error: unknown = await pool.await(handle).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RequestError);
  expectNoSecret(error);
  expectNoSecret(pool.stats());
}

test.each(HTTP1_FAILURES)(
  'S3 a peer that $how brings no secret into the error',
  async (failure) => {
    const handle = pool.request({ url: secretUrl(peer.origin), ...WITH_SECRETS });
    const connection = await peer.connection();
    expect((await connection.readRequest()).headers.cookie).toBe('sid=hunter-cookie');
    if (failure.begin !== undefined) await connection.write(failure.begin);
    await failure.script(connection);
    await expectDiscreetEnd(handle);
  },
);

test('S3 what the peer said when it broke the protocol is in no printed error', async () => {
  const handle = pool.get(peer.origin);
  const connection = await peer.connection();
  await connection.readHead();
  connection.write('HTTP/1.1 200 OK\r\nset-cookie: sid=hunter-set\r\nx a: hunter-echo\r\n\r\n');
  await expectDiscreetEnd(handle);
});

test('S3 a failed connect brings no secret into the error', async () => {
  await peer.close();
  for (const origin of [peer.origin, `https://127.0.0.1:${peer.port}`, 'http://a..invalid']) {
    await expectDiscreetEnd(pool.request({ url: secretUrl(origin), ...WITH_SECRETS }));
  }
  await using tls = await scriptedPeer({ tls: untrustedServer });
  await expectDiscreetEnd(pool.request({ url: secretUrl(tls.origin), ...WITH_SECRETS }));
});

test('S3 the pool’s own ends bring no secret into the error', async () => {
  const ask = () => pool.request({ url: secretUrl(peer.origin), ...WITH_SECRETS });
  const cancelled = ask();
  pool.cancel(cancelled);
  await expectDiscreetEnd(cancelled);
  await expectDiscreetEnd(pool.get(secretUrl(peer.origin), { caller: AbortSignal.abort() }));
  const [killed, destroyed] = [ask(), ask()];
  for (const _ of [killed, destroyed]) await (await peer.connection()).readRequest();
  pool.killWorker(1);
  await expectDiscreetEnd(killed);
  await pool.destroy();
  await expectDiscreetEnd(destroyed);
});

test.each<[string, unknown, object]>([
  ['a URL that is none', 'hunter-user:hunter-password@a.test?token=hunter-query', {}],
  ['a URL of another scheme', 'ftp://hunter-user:hunter-password@a.test/hunter', {}],
  ['a URL with a line break', 'http://hunter-user:hunter-password@a.test/\n', {}],
  [
    'broken headers',
    'http://a.test',
    { headers: { authorization: 'hunter\n', cookie: 'hunter\0' } },
  ],
  ['headers of a wrong kind', 'http://a.test', { headers: 'authorization: hunter' }],
  ['a header of a wrong kind', 'http://a.test', { headers: { cookie: { sid: 'hunter' } } }],
  [
    'wrong options',
    'http://a.test',
    { method: 'hunter hunter', timeout: 'hunter', body: Symbol('hunter') },
  ],
])('S3 the bad options of %s repeat no value', (_name, url, options) => {
  try {
    pool.request({ url: url as string, ...options });
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_BAD_OPTIONS' });
    expectNoSecret(error);
  }
});

test('S3 warnings name the exchange and nothing of it', async () => {
  using unhandled = collectUnhandled();
  const handle = pool.request({
    url: secretUrl(peer.origin),
    ...WITH_SECRETS,
    replyTo: (message) => {
      throw new Error(`hunter ${inspect(message)}`);
    },
  });
  const connection = await peer.connection();
  await connection.readRequest();
  await connection.respond(200, { 'set-cookie': 'sid=hunter-set' }, 'hunter-body');
  await pool.await(handle);
  await settled();
  expect(unhandled.warnings).toHaveLength(1);
  expect(unhandled.warnings[0]?.message).toContain(handle.ref);
  expectNoSecret(unhandled.warnings[0]);
});

test('S3 a response tells its URL without userinfo and fragment', async () => {
  const handle = pool.get(secretUrl(peer.origin));
  const connection = await peer.connection();
  expect((await connection.readHead()).headers.authorization).toBe(`Basic ${BASIC}`);
  await connection.respond(200);
  expect((await pool.await(handle)).url).toBe(`${peer.origin}/a?token=hunter-query`);
});
