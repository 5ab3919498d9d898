/**
 * What the death of a caller does, for every kind of caller that C1 names, with a body and without.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isDead } from '../../../src/actors/caller-monitor.ts';
import { createPool } from '../../../src/index.ts';
import { type LivingCaller, LOCAL_CALLERS } from '../../helpers/callers.ts';
import { codeOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { SERVER_CALLERS } from '../../helpers/server-callers.ts';

const kinds: readonly (readonly [string, () => Promise<LivingCaller>])[] = [
  ...LOCAL_CALLERS,
  ...SERVER_CALLERS,
];

describe.each(kinds)('%s as caller', (_name, make) => {
  test('C3 ends a request without a body when it dies, and frees its connection', async () => {
    await using living = await make();
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1 });
    const before = living.listeners();
    const handle = pool.get(peer.origin, { caller: living.caller });
    const connection = await peer.connection();
    await connection.readHead();
    living.die();
    expect(await codeOf(pool.await(handle))).toBe('ERR_CALLER_DIED');
    await connection.closed;
    expect(gaugesOf(pool)).toEqual(IDLE);
    expect(living.listeners()).toBeLessThanOrEqual(before);
  });

  test('C2 has its open upload finished when it dies, and the connection goes on', async () => {
    await using living = await make();
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1 });
    const before = living.listeners();
    const handle = pool.post(peer.origin, { streamBody: true, caller: living.caller });
    expect(await pool.sendBody(handle, 'accepted')).toBe(true);
    const connection = await peer.connection();
    await connection.readHead();
    expect(await connection.readText(11)).toBe('8\r\naccepted');
    living.die();
    expect(await connection.readText(7)).toBe('\r\n0\r\n\r\n');
    expect(await pool.sendBody(handle, 'too late')).toBe(false);
    const ended = failureOf(pool, handle);
    await connection.respond(200, {}, 'dropped');
    expect(await ended).toMatchObject({
      error: { code: 'ERR_CALLER_DIED' },
      upload: { complete: false, bytesSent: 8, endedBy: 'caller_death' },
    });
    expect(gaugesOf(pool)).toEqual(IDLE);
    expect(living.listeners()).toBeLessThanOrEqual(before);

    // undici gives a connection back in the next turn of the event loop.
    await turn();
    const next = pool.await(pool.get(`${peer.origin}/next`));
    expect((await connection.readHead()).target).toBe('/next');
    await connection.respond(200, {}, 'kept');
    expect((await next).text()).toBe('kept');
    expect(peer.connections).toBe(1);
  });

  test('C1 is listened to once, by itself and for any number of scopes and pools, and not at all after them', async () => {
    await using living = await make();
    await using peer = await scriptedPeer();
    const pools = Array.from({ length: 2 }, () => createPool({ workers: 1, maxInFlight: 1 }));
    const { caller } = living;
    const before = living.listeners();
    const cancels = pools.flatMap((pool) =>
      Array.from({ length: 100 }, (_, index) => {
        const scoped = pool.withCaller(caller);
        const handle =
          index % 2 === 0 ? scoped.get(peer.origin) : pool.get(peer.origin, { caller });
        return () => pool.cancel(handle);
      }),
    );
    expect(living.listeners() - before).toBe(living.worth);
    for (const cancel of cancels.slice(1)) cancel();
    expect(living.listeners() - before).toBe(living.worth);
    cancels[0]?.();
    expect(living.listeners() - before).toBe(0);
    for (const pool of pools) {
      await pool.close();
      expect(gaugesOf(pool)).toEqual(IDLE);
    }
  });

  test('C1 is listened to once for 1 000 exchanges, and not at all after them', async () => {
    await using living = await make();
    await using peer = await scriptedPeer();
    const pool = createPool({ workers: 1, maxInFlight: 1 });
    const before = living.listeners();
    const handles = Array.from({ length: 1000 }, (_, index) =>
      index % 2 === 0
        ? pool.get(peer.origin, { caller: living.caller })
        : pool.post(peer.origin, { caller: living.caller, streamBody: true }),
    );
    expect(living.listeners() - before).toBe(living.worth);
    await pool.destroy();
    const codes = new Set(await Promise.all(handles.map((handle) => codeOf(pool.await(handle)))));
    expect([...codes]).toEqual(['ERR_POOL_DESTROYED']);
    expect(living.listeners() - before).toBe(0);
    expect(gaugesOf(pool)).toEqual(IDLE);
  });

  test('C5 is refused without touching the network when it is dead already', async () => {
    await using living = await make();
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 1 });
    living.die();
    while (!isDead(living.caller)) await turn();
    const before = living.listeners();
    const plain = pool.get(peer.origin, { caller: living.caller });
    const upload = pool.post(peer.origin, { caller: living.caller, streamBody: true });
    expect(living.listeners()).toBe(before);
    expect(gaugesOf(pool)).toEqual(IDLE);
    expect(await pool.sendBody(upload, 'too late')).toBe(false);
    expect(await failureOf(pool, plain)).toMatchObject({
      error: { code: 'ERR_CALLER_DIED', sent: false },
      upload: undefined,
    });
    expect(await failureOf(pool, upload)).toMatchObject({
      error: { code: 'ERR_CALLER_DIED', sent: false },
      upload: { complete: false, bytesSent: 0, endedBy: 'caller_death' },
    });
    await pool.close();
    expect(peer.connections).toBe(0);
  });
});

describe.each(SERVER_CALLERS)('%s as caller', (_name, make) => {
  test('C1 leaves its exchanges alone when it is complete', async () => {
    await using living = await make();
    await using peer = await scriptedPeer();
    await using pool = createPool({ workers: 2 });
    const before = living.listeners();
    const plain = pool.get(peer.origin, { caller: living.caller });
    const first = await peer.connection();
    await first.readHead();
    const upload = pool.post(peer.origin, { caller: living.caller, streamBody: true });
    await pool.sendBody(upload, 'one');
    const second = await peer.connection();
    await living.answer();
    await living.disconnect();
    await pool.sendBody(upload, ' two');
    expect(await Promise.all([pool.finishBody(upload), second.readRequest()])).toMatchObject([
      true,
      { body: Uint8Array.from(Buffer.from('one two')) },
    ]);
    await Promise.all([first.respond(200, {}, 'plain'), second.respond(200, {}, 'upload')]);
    expect((await pool.await(plain)).text()).toBe('plain');
    expect(await pool.await(upload)).toMatchObject({
      upload: { complete: true, bytesSent: 7, endedBy: 'caller' },
    });
    expect(living.listeners()).toBeLessThanOrEqual(before);
  });
});
