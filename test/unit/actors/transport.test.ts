/** A worker's own agent: what a connect is worth when those who wanted it are gone. */

import type { Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import { Connections } from '../../../src/actors/connections.ts';
import {
  type ConnectionHolder,
  type ConnectionUser,
  createAgent,
} from '../../../src/actors/transport.ts';
import { realClock } from '../../../src/clock.ts';
import { createPool, RequestError } from '../../../src/index.ts';
import { eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { type Http2Peer, http2Peer } from '../../helpers/http2-peer.ts';
import { expectNoLeaks, settled, snapshotResources } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

/** Accepts, and never answers a TLS handshake. */
const silent = (peer: { readonly port: number }): string => `https://127.0.0.1:${peer.port}/`;

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof RequestError ? error.code : String(error);
};

const LAST_ANSWER = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/** DATA of no stream, which breaks a session (RFC 9113, 6.1). */
const FORBIDDEN = { type: 0, flags: 0, streamId: 0 };

/** Answers every stream until the peer is closed. */
async function answerAll(peer: Http2Peer): Promise<void> {
  try {
    for (;;) (await peer.stream()).stream.respond({ ':status': 204 }, { endStream: true });
  } catch {
    // No more of them come, or this one is gone.
  }
}

describe('transport', () => {
  test('H7 ends a connect when the last of those who wait for it is cancelled', async () => {
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1 });
    const url = silent(peer);
    const handles = [pool.get(url), pool.get(url), pool.get(url)];
    const ends = handles.map((handle) => codeOf(pool.await(handle)));
    const connection = await peer.connection();
    for (const handle of handles) pool.cancel(handle);
    expect(await Promise.all(ends)).toEqual(Array(3).fill('ERR_CANCELLED'));
    await connection.closed;
    await peer.idle();
    await pool.close();
    // Those that waited behind the first made no connection of their own.
    expect(peer.connections).toBe(1);
  });

  test('H7 keeps a connect for those who still wait, whatever was cancelled before', async () => {
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1 });
    const url = silent(peer);
    const first = pool.get(url);
    const second = pool.get(url);
    const ends = [codeOf(pool.await(first)), codeOf(pool.await(second))];
    const connection = await peer.connection();
    pool.cancel(first);
    expect(await ends[0]).toBe('ERR_CANCELLED');
    connection.destroy();
    // The failed handshake belongs to the first; the second gets a connect of its own.
    const next = await peer.connection();
    next.destroy();
    expect(await ends[1]).toBe('ERR_TLS');
  });

  test('H7 ends a connect also after one to the same origin has failed', async () => {
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1 });
    const url = silent(peer);
    const failing = codeOf(pool.await(pool.get(url)));
    (await peer.connection()).destroy();
    expect(await failing).toBe('ERR_TLS');
    const handle = pool.get(url);
    const end = codeOf(pool.await(handle));
    const connection = await peer.connection();
    pool.cancel(handle);
    expect(await end).toBe('ERR_CANCELLED');
    await connection.closed;
  });

  test('W1 keeps an origin open for requests that wait for the socket of a session that broke', async () => {
    using _trust = trustTestCa();
    await using peer = await http2Peer({ tls: trustedServer });
    await using pool = createPool({ workers: 1 });
    const answering = answerAll(peer);
    await pool.await(pool.get(peer.origin));
    for (const { sendFrame } of peer.sessions) sendFrame(FORBIDDEN);
    const ends: Promise<string>[] = [];
    for (let turn = 0; turn < 30; turn += 1) {
      ends.push(codeOf(pool.await(pool.get(peer.origin))));
      await settled(1);
    }
    // Those that were on their way when it broke fail with it, and nobody else.
    const codes = new Set(await Promise.all(ends));
    expect(codes.difference(new Set(['undefined', 'ERR_PROTOCOL']))).toEqual(new Set());
    expect(pool.stats().workers).toMatchObject([{ restarts: 0, state: 'up' }]);
    await peer.close();
    await answering;
  });

  test.each(VERSIONS)(
    'reports a connection of HTTP/%s once open and once closed',
    async (version) => {
      await using peer = await eitherPeer(version);
      const reports: string[] = [];
      const closed = Promise.withResolvers<void>();
      const agent = createAgent(realClock, {
        opened: (origin) => reports.push(`opened ${origin}`),
        closed: (origin) => {
          reports.push(`closed ${origin}`);
          closed.resolve();
        },
      });
      const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
      agent.dispatch(
        { origin: peer.origin, path: '/', method: 'GET' },
        {
          onRequestStart: () => reports.push('request'),
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      );
      const exchange = await peer.exchange();
      await exchange.respond(200);
      await exchange.end();
      await ended;
      await peer.close();
      await closed.promise;
      await agent.destroy();
      expect(reports).toEqual([`opened ${peer.origin}`, 'request', `closed ${peer.origin}`]);
    },
  );

  test('H7 gives no request to a client whose connection ended with the response before', async () => {
    await using peer = await scriptedPeer();
    const agent = createAgent(realClock, new Connections());
    const holders: ConnectionHolder[] = [];
    const get = (): Promise<void> =>
      new Promise((resolve, reject) => {
        let holder: ConnectionHolder | undefined;
        const handler: Dispatcher.DispatchHandler & Pick<ConnectionUser, 'assignedTo'> = {
          assignedTo: (assigned) => {
            holder = assigned;
            holders.push(assigned);
            return true;
          },
          onRequestStart: () => {},
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: () => {
            holder?.ended();
            resolve();
          },
          onResponseError: (_controller, error) => reject(error),
        };
        agent.dispatch({ origin: peer.origin, path: '/', method: 'GET' }, handler);
      });
    const first = get();
    (await peer.connection()).write(LAST_ANSWER);
    // In the same turn, before undici hears of the close that it has begun.
    const second = first.then(get);
    (await peer.connection()).write(LAST_ANSWER);
    await second;
    expect(holders.length).toBe(2);
    expect(holders[1]).not.toBe(holders[0]);
    await agent.destroy();
  });

  test('P2 leaves no socket of a connect that hangs when it is destroyed', async () => {
    await using peer = await scriptedPeer();
    const before = snapshotResources();
    const agent = createAgent(realClock, new Connections());
    const failed = Promise.withResolvers<Error>();
    agent.dispatch(
      { origin: `https://127.0.0.1:${peer.port}`, path: '/', method: 'GET' },
      {
        onRequestStart: () => {},
        onResponseStart: () => {},
        onResponseData: () => {},
        onResponseEnd: () => {},
        onResponseError: (_controller, error) => failed.resolve(error),
      },
    );
    const connection = await peer.connection();
    await agent.destroy();
    expect(await failed.promise).toMatchObject({ code: 'UND_ERR_DESTROYED' });
    await connection.closed;
    await expectNoLeaks(before);
  });
});
