/**
 * Timeouts on the real clock: within 50 ms of their time on an idle machine. On a busy one the loop
 * itself stands still now and then; its stalls, as measured meanwhile, are conceded.
 */

import { describe, expect, test } from 'vitest';
import type { Message, Pool, RequestOptions } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { type EitherPeer, eitherPeer, VERSIONS } from '../../helpers/either-peer.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';

const DUE_MS = 250;
const LATE_MS = 50;
/** How often it is looked whether the loop stands still, and how late a look is on an idle machine. */
const LOOK_MS = 5;
const TURN_MS = 15;

/** Measures from now on; the function says for how long the loop has stood still. */
function stalls(): () => number {
  let lookedMs = performance.now();
  let stalledMs = 0;
  const look = (): void => {
    const lateMs = performance.now() - lookedMs - LOOK_MS;
    lookedMs = performance.now();
    if (lateMs > TURN_MS) stalledMs += lateMs;
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    look();
    return stalledMs;
  };
}

/** Runs the exchange to its end, which has to be the code, in time counted from `counted`. */
async function expectInTime(
  code: string,
  request: (replyTo: (message: Message) => void) => void,
  counted: () => Promise<unknown> = async () => {},
): Promise<void> {
  const ended = Promise.withResolvers<{ readonly message: Message; readonly atMs: number }>();
  request((message) => ended.resolve({ message, atMs: performance.now() }));
  await counted();
  const stalledMs = stalls();
  const startMs = performance.now();
  const { message, atMs } = await ended.promise;
  expect(message).toMatchObject({ type: 'error', error: { code } });
  if (message.type === 'error') expect(message.metrics.total).toBeGreaterThanOrEqual(DUE_MS);
  expect(atMs - startMs).toBeLessThanOrEqual(DUE_MS + LATE_MS + stalledMs());
}

/** A pool whose worker is up: a thread needs longer for that than is waited for here. */
async function poolWith(peer: EitherPeer): Promise<Pool> {
  const pool = createPool({ workers: 1 });
  const response = pool.await(pool.get(peer.origin));
  const exchange = await peer.exchange();
  await exchange.respond(200);
  await exchange.end();
  await response;
  return pool;
}

const CASES: readonly (readonly [string, RequestOptions])[] = [
  ['ERR_HEADERS_TIMEOUT', { headersTimeout: DUE_MS }],
  ['ERR_IDLE_TIMEOUT', { idleTimeout: DUE_MS }],
  ['ERR_TIMEOUT', { timeout: DUE_MS }],
];

describe.each(VERSIONS)('on the real clock over HTTP/%s', (version) => {
  test.each(CASES)('T2 ends in %s on time', async (code, options) => {
    await using peer = await eitherPeer(version);
    await using pool = await poolWith(peer);
    await expectInTime(
      code,
      (replyTo) => pool.get(peer.origin, { replyTo, ...options }),
      () => peer.exchange(),
    );
  });

  test('T2 ends in ERR_IDLE_TIMEOUT on time while it waits for sendBody', async () => {
    await using peer = await eitherPeer(version);
    await using pool = await poolWith(peer);
    const options = { streamBody: true, idleTimeout: DUE_MS };
    await expectInTime(
      'ERR_IDLE_TIMEOUT',
      (replyTo) => void pool.sendBody(pool.post(peer.origin, { replyTo, ...options }), 'some'),
      () => peer.exchange(),
    );
  });
});

test('T2 ends in ERR_CONNECT_TIMEOUT on time', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1 });
  const url = `https://127.0.0.1:${peer.port}/`;
  await expectInTime('ERR_CONNECT_TIMEOUT', (replyTo) =>
    pool.get(url, { replyTo, connectTimeout: DUE_MS }),
  );
  await peer.idle();
});

test('T2 ends in ERR_ADMISSION_TIMEOUT on time', async () => {
  await using peer = await scriptedPeer();
  await using pool = createPool({ workers: 1, maxInFlight: 1 });
  const running = pool.get(peer.origin);
  await peer.connection();
  await expectInTime('ERR_ADMISSION_TIMEOUT', (replyTo) =>
    pool.get(peer.origin, { replyTo, queueTimeout: DUE_MS }),
  );
  pool.cancel(running);
});
