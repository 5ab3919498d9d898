/** Clause E before there is a connection: nothing was sent, so everything may be sent again. */

import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ErrorCode, Phase, Pool } from '../../../src/index.ts';
import { createPool, RequestError } from '../../../src/index.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { ISOLATIONS } from '../../helpers/thread-pool.ts';
import { testClient, trustedServer, trustTestCa, untrustedServer } from '../../helpers/tls.ts';

let pool: Pool;

beforeEach(() => {
  pool = createPool();
});

afterEach(async () => {
  await pool.close();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
});

interface Failed {
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly cause: string | RegExp;
}

/** Posts there, once with a body and once with an upload, and checks both ends. */
async function expectNothingSent(
  url: string,
  { code, phase, cause }: Failed,
  from: Pool = pool,
): Promise<void> {
  const upload = from.post(url, { streamBody: true });
  void from.sendBody(upload, 'abc');
  for (const handle of [from.post(url, { body: 'abc' }), upload]) {
    const error: unknown = await from.await(handle).catch((reason: unknown) => reason);
    if (!(error instanceof RequestError)) throw new Error('no RequestError', { cause: error });
    const { ref } = handle;
    const { origin } = new URL(url);
    expect(error).toMatchObject({ code, phase, ref, method: 'POST', origin });
    expect(error).toMatchObject({ sent: false, retryable: true });
    expect(error.cause).toBeInstanceOf(Error);
    expect((error.cause as NodeJS.ErrnoException).code).toMatch(cause);
  }
}

test.each(['http', 'https'])(
  'E a port where nobody listens is ERR_CONNECT (%s)',
  async (scheme) => {
    const peer = await scriptedPeer();
    await peer.close();
    await expectNothingSent(`${scheme}://127.0.0.1:${peer.port}/`, {
      code: 'ERR_CONNECT',
      phase: 'connect',
      cause: 'ECONNREFUSED',
    });
  },
);

test.each(['http', 'https'])(
  'E a name with several addresses, all refused, is ERR_CONNECT (%s)',
  async (scheme) => {
    const peer = await scriptedPeer();
    await peer.close();
    await expectNothingSent(`${scheme}://localhost:${peer.port}/`, {
      code: 'ERR_CONNECT',
      phase: 'connect',
      cause: 'ECONNREFUSED',
    });
  },
);

// A label of more than 63 characters is refused by the resolver itself, without a network.
test.each(['http', 'https'])('E a name that is none is ERR_RESOLVE (%s)', async (scheme) => {
  await expectNothingSent(`${scheme}://${'a'.repeat(64)}.invalid/`, {
    code: 'ERR_RESOLVE',
    phase: 'dns',
    cause: /^(ENOTFOUND|EAI_\w+)$/,
  });
});

test('E a certificate that nobody signed is ERR_TLS', async () => {
  await using peer = await scriptedPeer({ tls: untrustedServer });
  await expectNothingSent(peer.origin, {
    code: 'ERR_TLS',
    phase: 'tls',
    cause: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
});

// Of a kind that it names itself: the threads of tests trust this authority.
test.each(ISOLATIONS)(
  'E a certificate of an authority that is not trusted is ERR_TLS (%s)',
  async (isolation) => {
    await using peer = await scriptedPeer({ tls: trustedServer });
    await using doubtful = createPool({ isolation });
    const cause = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
    await expectNothingSent(peer.origin, { code: 'ERR_TLS', phase: 'tls', cause }, doubtful);
  },
);

test('E a certificate for somebody else is ERR_TLS', async () => {
  using _trust = trustTestCa();
  await using peer = await scriptedPeer({ tls: testClient });
  await expectNothingSent(peer.origin, {
    code: 'ERR_TLS',
    phase: 'tls',
    cause: /^(ERR_TLS_CERT_ALTNAME_INVALID|INVALID_PURPOSE)$/,
  });
});

test('E versions of TLS that do not meet are ERR_TLS', async () => {
  using _trust = trustTestCa();
  const tls = { ...trustedServer, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const;
  await using peer = await scriptedPeer({ tls });
  await expectNothingSent(peer.origin, { code: 'ERR_TLS', phase: 'tls', cause: /SSL|EPROTO/ });
});

test('E a server that speaks no TLS is ERR_TLS', async () => {
  await using peer = await scriptedPeer();
  const answered = answerAll(peer, (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await expectNothingSent(`https://127.0.0.1:${peer.port}/`, {
    code: 'ERR_TLS',
    phase: 'tls',
    cause: /SSL|EPROTO/,
  });
  await answered();
});

test.each([
  ['ends', (socket: Socket) => void socket.end()],
  ['resets', (socket: Socket) => void socket.resetAndDestroy()],
])('E a server that %s in the handshake is ERR_TLS', async (_how, act) => {
  await using peer = await scriptedPeer();
  const answered = answerAll(peer, act);
  await expectNothingSent(`https://127.0.0.1:${peer.port}/`, {
    code: 'ERR_TLS',
    phase: 'tls',
    cause: 'ECONNRESET',
  });
  await answered();
});

/** Does the same on every connection as soon as its first bytes are there. */
function answerAll(
  peer: Awaited<ReturnType<typeof scriptedPeer>>,
  act: (socket: Socket) => void,
): () => Promise<void> {
  const run = async (): Promise<void> => {
    for (;;) {
      const connection = await peer.connection();
      await connection.readBodyBytes(1);
      act(connection.socket);
    }
  };
  const running = run().catch(() => {});
  return async () => {
    await peer.close();
    await running;
  };
}
