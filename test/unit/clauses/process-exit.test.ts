/** What a pool leaves of the process it ran in: nothing that keeps it alive. */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { connectPool, createPool } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { runFixture } from '../../helpers/child.ts';
import { echoServer } from '../../helpers/echo-server.ts';
import { eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { expectNoLeaks, snapshotResources } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { ISOLATIONS, MORTAL } from '../../helpers/thread-pool.ts';

describe.each(ISOLATIONS)('a process with a pool of isolation %s', (isolation) => {
  test.each(['close', 'destroy'])(
    'P2 exits by itself after %s, whatever was under way',
    async (how) => {
      await using http1 = await echoServer();
      await using http2 = await echoServer({ protocol: 'h2' });
      await using silent = await scriptedPeer();
      using child = runFixture('use-and-close.ts', [
        how,
        isolation,
        http1.origin,
        http2.origin,
        `${silent.port}`,
      ]);
      const { code, lines, errors } = await child.end;
      const codes = Array(6).fill('ERR_POOL_DESTROYED').join(' ');
      expect({ code, lines, errors }).toEqual({
        code: 0,
        lines: [codes, 'end of script'],
        errors: '',
      });
      const uploads = [...http1.records, ...http2.records].filter(({ url }) => url === '/sink');
      expect(uploads.filter(({ complete }) => complete)).toEqual([]);
      await Promise.all([http1.idle(), http2.idle(), silent.idle()]);
    },
  );

  test('P2 exits by itself with a pool that is idle and not closed', async () => {
    await using http1 = await echoServer();
    await using http2 = await echoServer({ protocol: 'h2' });
    using child = runFixture('use-and-close.ts', ['leave', isolation, http1.origin, http2.origin]);
    expect(await child.end).toEqual({ code: 0, lines: ['end of script'], errors: '' });
  });
});

test('P2 idle ports keep neither their thread nor the process alive', async () => {
  await using server = await echoServer();
  using child = runFixture('idle-ports.ts', [server.origin]);
  const { code, lines, errors } = await child.end;
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(lines.toSorted()).toEqual(['10', '20', 'the thread has ended 3']);
});

test.each(['close', 'destroy'] as const)(
  'P2 %s leaves no port of the pool, connected to or not',
  async (how) => {
    const before = snapshotResources();
    const pool = createPool({ workers: 1 });
    const unused = pool.port();
    const used = connectPool(pool.port());
    const asked = used.await(used.get('http://127.0.0.1:1/')).catch(() => 'failed');
    expect(await asked).toBe('failed');
    await pool[how]();
    await used.close();
    // To whoever begins to listen on it, a port that was never used tells that it is closed.
    const closed = once(unused, 'close');
    unused.start();
    await closed;
    await expectNoLeaks(before);
  },
);

describe.each(VERSIONS)('after the end of a pool over HTTP/%s', (version) => {
  const ends = ['close', 'destroy'] as const;
  const cases = ends.flatMap((how) => ISOLATIONS.map((isolation) => [how, isolation] as const));
  test.each(cases)(
    'P2 %s leaves no socket, timer, listener or thread (%s)',
    async (how, isolation) => {
      await using peer = await eitherPeer(version);
      const caller = new AbortController();
      const signal = new AbortController();
      const before = snapshotResources([
        { name: 'caller', target: caller.signal },
        { name: 'signal', target: signal.signal },
      ]);
      const pool = new RequestPool({ workers: 2, maxInFlight: 2, isolation }, MORTAL);
      const options = { caller: caller.signal, signal: signal.signal, stream: true } as const;
      const answered = pool.await(pool.get(peer.origin, options));
      const exchange = await peer.exchange();
      await exchange.respond(200);
      await exchange.end();
      await answered;
      const handles = [
        pool.post(peer.origin, { ...options, streamBody: true }),
        pool.get(peer.origin, { ...options, replyTo: () => {}, timeout: 60_000 }),
        pool.get(peer.origin, { ...options, window: 1 }),
        pool.get(peer.origin, options),
        pool.get(peer.origin, { ...options, queueTimeout: 60_000 }),
      ];
      await pool.sendBody(handles[0] ?? pool.handle(''), 'begun');
      for (let count = 0; count < 4; count += 1) await peer.exchange();
      expect(pool.stats()).toMatchObject({ queued: 1, inFlight: 4 });
      void pool.receive(handles[3] ?? pool.handle(''), { timeout: 60_000 });
      pool.killWorker(1);
      await (how === 'close' ? pool.close({ timeout: 0 }) : pool.destroy());
      await peer.idle();
      await expectNoLeaks(before);
    },
  );
});
