/** Failures of exchanges in a thread: they say what the same failures say of an inline worker. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import { failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { HTTP1_FAILURES } from '../../helpers/http1-failures.ts';
import { http2Peer } from '../../helpers/http2-peer.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { closedPort } from '../../helpers/stage.ts';
import { threadPool } from '../../helpers/thread-pool.ts';
import { trustedServer, untrustedServer } from '../../helpers/tls.ts';

let peer: ScriptedPeer;
let pool: RequestPool;

beforeAll(async () => {
  peer = await scriptedPeer();
  pool = threadPool();
});

afterEach(() => expect(gaugesOf(pool)).toEqual(IDLE));

afterAll(async () => {
  await pool.close();
  await peer.close();
});

/** Its code, or its name where it has none. */
function nameOf(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  return ('code' in cause ? cause.code : undefined) ?? cause.name;
}

test.each(HTTP1_FAILURES)('E a peer that $how ends a GET of a thread in $code', async (failure) => {
  const handle = pool.get(`${peer.origin}/a?b=c`, { stream: true });
  const connection = await peer.connection();
  await connection.readRequest();
  if (failure.begin !== undefined) {
    await connection.write(failure.begin);
    expect(await pool.receive(handle)).toMatchObject({ type: 'status', status: 200 });
  }
  await failure.script(connection);
  const { error } = await failureOf(pool, handle);
  const { code, phase } = failure;
  expect(error).toMatchObject({ code, phase, sent: true, method: 'GET', origin: peer.origin });
  expect(error.cause).toBeInstanceOf(Error);
  expect(String(nameOf(error.cause))).toMatch(failure.cause);
  await connection.closed;
});

test('E a refused connection, an unknown host and a bad certificate name themselves', async () => {
  await using stranger = await http2Peer({ tls: untrustedServer });
  const failures = [
    [`http://127.0.0.1:${await closedPort()}/`, 'ERR_CONNECT', 'connect'],
    ['http://nowhere.invalid/', 'ERR_RESOLVE', 'dns'],
    [stranger.origin, 'ERR_TLS', 'tls'],
  ] as const;
  for (const [url, code, phase] of failures) {
    const { error } = await failureOf(pool, pool.get(url));
    expect(error).toMatchObject({ code, phase, sent: false });
    expect(error.cause).toBeInstanceOf(Error);
  }
});

test('E a stream that its peer resets fails with the reason of HTTP/2', async () => {
  await using h2 = await http2Peer({ tls: trustedServer });
  const handle = pool.get(h2.origin);
  (await h2.stream()).reset(11);
  expect((await failureOf(pool, handle)).error).toMatchObject({ code: 'ERR_SOCKET', sent: true });
});
