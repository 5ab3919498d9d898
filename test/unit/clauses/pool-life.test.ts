/** The end of a pool: what `close` waits for, what `destroy` ends, and that both may come again. */

import { describe, expect, test } from 'vitest';
import { connectPool, createPool, type Pool } from '../../../src/index.ts';
import { ABANDONED, eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { codeOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { expectNoLeaks, snapshotResources } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { simulatedPool } from '../../helpers/simulated-pool.ts';

type Requests = Pick<Pool, 'get' | 'destroy'>;

const thrown = (code: string) => expect.objectContaining({ code });

describe.each(VERSIONS)('the end of a pool over HTTP/%s', (version) => {
  test('P1 close lets what runs and what waits end, and admits nothing more', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ maxInFlight: 1 });
    const { pool } = simulated;
    const running = pool.post(peer.origin, { streamBody: true });
    await pool.sendBody(running, 'begin ');
    const queued = pool.get(peer.origin);
    const responses = [pool.await(running), pool.await(queued)];
    const first = await peer.exchange();
    let isClosed = false;
    const closed = pool.close().then(() => {
      isClosed = true;
    });
    expect(() => pool.get(peer.origin)).toThrow(thrown('ERR_POOL_CLOSED'));
    using caller = pool.withCaller();
    expect(() => caller.post(peer.origin)).toThrow(thrown('ERR_POOL_CLOSED'));
    expect(await pool.sendBody(running, 'end')).toBe(true);
    expect(await pool.finishBody(running)).toBe(true);
    await first.respond(200);
    await first.end();
    await responses[0];
    expect([isClosed, pool.stats().inFlight]).toEqual([false, 1]);
    const second = await peer.exchange();
    await second.respond(200);
    await second.end();
    await responses[1];
    await closed;
    expect([gaugesOf(pool), pool.stats().totals]).toEqual([IDLE, { done: 2, error: {} }]);
    await peer.idle();
  });

  test('P1 close destroys what is left after its timeout', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ maxInFlight: 1 });
    const { pool, clock } = simulated;
    const handles = [pool.get(peer.origin), pool.get(peer.origin)];
    const exchange = await peer.exchange();
    const closed = pool.close({ timeout: 2_000 });
    const again = pool.close();
    clock.advance(1_999);
    expect(gaugesOf(pool)).toMatchObject({ queued: 1, inFlight: 1 });
    clock.advance(1);
    expect(gaugesOf(pool)).toEqual(IDLE);
    await Promise.all([closed, again]);
    const codes = handles.map((handle) => codeOf(pool.await(handle)));
    expect(await Promise.all(codes)).toEqual(Array(2).fill('ERR_POOL_DESTROYED'));
    expect(await exchange.abandoned).toBe(ABANDONED[version]);
    await peer.idle();
    expect(() => pool.get(peer.origin)).toThrow(thrown('ERR_POOL_DESTROYED'));
  });

  test('P1 destroy ends everything at once, with its reason as cause', async () => {
    await using peer = await eitherPeer(version);
    await using simulated = simulatedPool({ maxInFlight: 2 });
    const { pool } = simulated;
    const upload = pool.post(peer.origin, { streamBody: true, uploadBuffer: 1 });
    const sends = [pool.sendBody(upload, new Uint8Array(1 << 26)), pool.sendBody(upload, 'more')];
    const writing = await peer.exchange();
    const paused = pool.get(peer.origin, { stream: true, window: 1 });
    const reading = await peer.exchange();
    await reading.respond(200);
    void reading.write('more than one byte');
    expect(await pool.receive(paused)).toMatchObject({ type: 'status' });
    const queued = pool.get(peer.origin);
    const reason = new Error('enough');
    const destroyed = pool.destroy(reason);
    expect(pool.stats().totals.error).toEqual({ ERR_POOL_DESTROYED: 3 });
    expect((await Promise.all(sends)).at(-1)).toBe(false);
    for (const handle of [upload, paused, queued]) {
      const { error } = await failureOf(pool, handle);
      expect(error).toMatchObject({ code: 'ERR_POOL_DESTROYED', cause: reason });
    }
    await destroyed;
    expect(await writing.abandoned).toBe(ABANDONED[version]);
    expect(await reading.abandoned).toBe(ABANDONED[version]);
    await peer.idle();
  });
});

describe('the end of a pool', () => {
  test('P1 both are idempotent, in any order, and resolve when all is closed', async () => {
    await using peer = await scriptedPeer();
    const before = snapshotResources();
    const pool = createPool();
    const handle = pool.get(peer.origin);
    const end = codeOf(pool.await(handle));
    await peer.connection();
    const closing = pool.close();
    const ends = [pool.destroy('first'), pool.destroy('second'), pool.close(), closing];
    await Promise.all(ends);
    await pool[Symbol.asyncDispose]();
    expect(await end).toBe('ERR_POOL_DESTROYED');
    await expect(pool.await(handle)).rejects.toMatchObject({ cause: 'first' });
    await peer.idle();
    await expectNoLeaks(before);
  });

  test.each<readonly [string, (pool: Pool) => Requests]>([
    ['its own', (pool) => pool],
    ['from another thread', (pool) => connectPool(pool.port())],
  ])('P1 options that end it while they are read ask for nothing (%s)', async (_whose, callsOf) => {
    const before = snapshotResources();
    const pool = createPool();
    const calls = callsOf(pool);
    let ended: Promise<void> | undefined;
    const options = {
      get tenant(): string {
        ended = calls.destroy();
        return 'last';
      },
    };
    expect(() => calls.get('http://127.0.0.1/', options)).toThrow(thrown('ERR_POOL_DESTROYED'));
    expect(gaugesOf(pool)).toEqual(IDLE);
    await ended;
    await pool.close();
    await expectNoLeaks(before);
  });

  test('P1 close of an unused pool resolves', async () => {
    const before = snapshotResources();
    await createPool({ workers: 8 }).close();
    await createPool().destroy();
    await expectNoLeaks(before);
  });

  test('P1 await using closes, and waits for what runs', async () => {
    await using peer = await scriptedPeer();
    const answered = peer.connection().then((connection) => connection.respond(204));
    let response: Promise<{ readonly status: number }> | undefined;
    {
      await using pool = createPool();
      response = pool.await(pool.get(peer.origin));
    }
    expect([(await response).status, await answered]).toEqual([204, true]);
    await peer.idle();
  });

  test('P3 bad options throw, all together, before anything starts', () => {
    let made = 0;
    const dispatcher = (): never => {
      made += 1;
      throw new Error('made');
    };
    // The compiler knows better, users of plain JavaScript do not.
    const create = createPool as (options: object) => unknown;
    const issues = ['workers', 'timeout', 'wokers'].map((option) =>
      expect.objectContaining({ option }),
    );
    expect(() => create({ workers: 1.5, timeout: -1, wokers: 2, dispatcher })).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_OPTIONS', issues: expect.arrayContaining(issues) }),
    );
    expect(made).toBe(0);
  });
});
