/**
 * What is still read for a dead caller is bounded, in time and in bytes; what it was owed is sent.
 */

import { expect, test } from 'vitest';
import type { RequestOptions } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { heard } from '../../helpers/heard.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

/** Beyond every limit of the drain. */
const HOUR_MS = 3_600_000;
const NO_TIMEOUTS: RequestOptions = {
  idleTimeout: Number.POSITIVE_INFINITY,
  headersTimeout: Number.POSITIVE_INFINITY,
};

const DIED = {
  error: { code: 'ERR_CALLER_DIED' },
  upload: { complete: false, endedBy: 'caller_death' },
} as const;

/** An upload with one byte accepted, whose caller has died and whose body has ended. */
async function finishedForDead(peer: ScriptedPeer, clock: ManualClock) {
  const pool = new RequestPool({ workers: 1 }, { clock });
  const caller = new AbortController();
  const options = { ...NO_TIMEOUTS, streamBody: true, caller: caller.signal };
  const handle = pool.post(peer.origin, options);
  await pool.sendBody(handle, 'x');
  const connection = await peer.connection();
  await connection.readHead();
  caller.abort();
  expect(await connection.readText(11)).toBe('1\r\nx\r\n0\r\n\r\n');
  await heard();
  return { pool, handle, connection, clock };
}

test('C2 gives up a response to a dead caller that never begins', async () => {
  await using peer = await scriptedPeer();
  const { pool, handle, connection, clock } = await finishedForDead(peer, new ManualClock());
  const ended = failureOf(pool, handle);
  clock.advance(29_000);
  expect(pool.stats().inFlight).toBe(1);
  clock.advance(2_000);
  expect(gaugesOf(pool)).toEqual(IDLE);
  expect(await ended).toMatchObject(DIED);
  await connection.closed;
  await pool.close();
});

test('C2 gives up a response to a dead caller that trickles without end', async () => {
  await using peer = await scriptedPeer();
  const { pool, handle, connection, clock } = await finishedForDead(peer, new ManualClock());
  const ended = failureOf(pool, handle);
  await connection.writeHead(200);
  for (let second = 0; second < 29; second += 1) {
    await connection.write('.');
    clock.advance(1_000);
  }
  expect(pool.stats().inFlight).toBe(1);
  clock.advance(2_000);
  expect(gaugesOf(pool)).toEqual(IDLE);
  expect(await ended).toMatchObject(DIED);
  await connection.closed;
  await pool.close();
});

test('C2 gives up a response to a dead caller that floods without end', async () => {
  await using peer = await scriptedPeer();
  const { pool, handle, connection } = await finishedForDead(peer, new ManualClock());
  const ended = failureOf(pool, handle);
  await connection.writeHead(200);
  const chunk = new Uint8Array(1_048_576);
  let written = 0;
  while (await connection.write(chunk)) {
    written += 1;
    if (written > 64) throw new Error('the drain has no bound in bytes');
  }
  expect(written).toBeGreaterThanOrEqual(16);
  expect(await ended).toMatchObject(DIED);
  expect(gaugesOf(pool)).toEqual(IDLE);
  await pool.close();
});

/** Bytes that no buffer between the two ends can hold. */
const MUCH = 32 * 1_048_576;

/** An upload whose caller has died with `MUCH` accepted, while the peer does not read. */
async function stalledUpload(peer: ScriptedPeer) {
  const clock = new ManualClock();
  const pool = new RequestPool({ workers: 1 }, { clock });
  const caller = new AbortController();
  const options = { ...NO_TIMEOUTS, streamBody: true, caller: caller.signal };
  const handle = pool.post(peer.origin, { ...options, uploadBuffer: 2 * MUCH });
  const chunk = new Uint8Array(1_048_576);
  await pool.sendBody(handle, chunk);
  const connection = await peer.connection();
  await connection.readHead();
  connection.pause();
  for (let sent = chunk.byteLength; sent < MUCH; sent += chunk.byteLength) {
    expect(await pool.sendBody(handle, chunk)).toBe(true);
  }
  caller.abort();
  await heard();
  return { clock, pool, handle, connection };
}

test('C2 sends what was accepted to a slow peer, however long it takes, and drains after that', async () => {
  await using peer = await scriptedPeer();
  const { clock, pool, handle, connection } = await stalledUpload(peer);
  clock.advance(29_000);
  connection.resume();
  let received = 0;
  while (received < MUCH / 2) received += (await connection.nextChunk())?.length ?? MUCH;
  clock.advance(29_000);
  for (let chunk = await connection.nextChunk(); chunk; chunk = await connection.nextChunk()) {
    received += chunk.length;
  }
  expect(received).toBe(MUCH);
  const ended = failureOf(pool, handle);
  clock.advance(29_000);
  expect(pool.stats().inFlight).toBe(1);
  clock.advance(2_000);
  expect(await ended).toMatchObject({ ...DIED, upload: { bytesSent: MUCH } });
  await pool.close();
});

test("C2 a peer that takes no more of a dead caller's upload is given up", async () => {
  await using peer = await scriptedPeer();
  const { clock, pool, handle } = await stalledUpload(peer);
  const ended = failureOf(pool, handle);
  clock.advance(31_000);
  expect(await ended).toMatchObject(DIED);
  expect(gaugesOf(pool)).toEqual(IDLE);
  await pool.close();
});

test('C4 a response to a dead receiver is drained within the same limits once the upload is sent', async () => {
  const clock = new ManualClock();
  await using peer = await scriptedPeer();
  const pool = new RequestPool({ workers: 1 }, { clock });
  const log = new MessageLog();
  const death = Promise.withResolvers<void>();
  const replyTo = {
    send: log.receive,
    getSnapshot: () => ({ status: 'active' }),
    subscribe: ({ complete = () => {} }: { complete?: () => void }) => {
      void death.promise.then(complete);
      return { unsubscribe: () => {} };
    },
  };
  const handle = pool.post(peer.origin, { ...NO_TIMEOUTS, streamBody: true, replyTo });
  await pool.sendBody(handle, 'x');
  const connection = await peer.connection();
  await connection.readHead();
  death.resolve();
  await death.promise;
  await heard();
  clock.advance(HOUR_MS);
  expect(await pool.sendBody(handle, 'y')).toBe(true);
  expect(await pool.finishBody(handle)).toBe(true);
  clock.advance(29_000);
  expect(pool.stats().inFlight).toBe(1);
  clock.advance(2_000);
  expect(await log.ended).toMatchObject({
    error: { code: 'ERR_CANCELLED' },
    upload: { complete: true, bytesSent: 2, endedBy: 'caller' },
  });
  await connection.closed;
  await pool.close();
});
