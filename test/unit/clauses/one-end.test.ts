/** Clause H3: exactly one terminal message, whatever ends the exchange, and nothing after it. */

import { afterEach, expect, test } from 'vitest';
import type { AsyncHandle, ErrorCode, PoolOptions, TerminalMessage } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import {
  cancelAll,
  closedPort,
  connecting,
  killAll,
  occupied,
  type Stage,
  stageOf,
} from '../../helpers/stage.ts';
import { untrustedServer } from '../../helpers/tls.ts';

type Play = (stage: Stage) => unknown;
type Case = readonly [what: string, end: 'done' | ErrorCode, play: Play, options?: PoolOptions];

const ONE = { maxInFlight: 1 } as const;

const CASES: readonly Case[] = [
  ['a response', 'done', async ({ begun }) => (await begun()).respond(200, {}, 'abc')],
  ['a response without a body', 'done', async ({ begun }) => (await begun()).respond(204)],
  ['a full queue', 'ERR_OVERLOAD', (s) => [occupied(s), s.launch()], { ...ONE, queueLimit: 0 }],
  [
    'too long in the queue',
    'ERR_ADMISSION_TIMEOUT',
    (s) => [occupied(s), s.launch({ queueTimeout: 50 }), s.clock.advance(100)],
    ONE,
  ],
  ['cancel in the queue', 'ERR_CANCELLED', (s) => [occupied(s), s.pool.cancel(s.launch())], ONE],
  ['cancel at once', 'ERR_CANCELLED', (s) => s.pool.cancel(s.launch())],
  ['cancel while connecting', 'ERR_CANCELLED', (s) => s.pool.cancel(s.launch(connecting(s)))],
  [
    'cancel while it waits for the response',
    'ERR_CANCELLED',
    async (s) => [await s.begun(), cancelAll(s)],
  ],
  ['cancel amid the body', 'ERR_CANCELLED', async (s) => [await s.flowing(), cancelAll(s)]],
  ['an aborted signal', 'ERR_CANCELLED', (s) => s.launch({ signal: AbortSignal.abort() })],
  ['a dead caller', 'ERR_CALLER_DIED', (s) => s.launch({ caller: AbortSignal.abort() })],
  [
    'a refused connection',
    'ERR_CONNECT',
    async (s) => {
      const port = await closedPort();
      s.launch({ url: `http://127.0.0.1:${port}/` });
    },
  ],
  [
    'a server nobody trusts',
    'ERR_TLS',
    async (s) => {
      const server = await scriptedPeer({ tls: untrustedServer });
      cleanups.push(() => server.close());
      s.launch({ url: server.origin });
    },
  ],
  [
    'too long to connect',
    'ERR_CONNECT_TIMEOUT',
    (s) => [s.launch({ ...connecting(s), connectTimeout: 50 }), s.clock.advance(100)],
  ],
  [
    'too long to answer',
    'ERR_HEADERS_TIMEOUT',
    async (s) => [await s.begun({ headersTimeout: 50 }), s.clock.advance(100)],
  ],
  [
    'too long without a byte',
    'ERR_IDLE_TIMEOUT',
    async (s) => [await s.flowing({ idleTimeout: 50 }), s.clock.advance(100)],
  ],
  [
    'too long in all',
    'ERR_TIMEOUT',
    async (s) => [await s.flowing({ timeout: 50 }), s.clock.advance(100)],
  ],
  ['a reset before the head', 'ERR_SOCKET', async ({ begun }) => (await begun()).reset()],
  ['an end before the head', 'ERR_SOCKET', async ({ begun }) => (await begun()).end()],
  ['a reset amid the body', 'ERR_TRUNCATED', async ({ flowing }) => (await flowing()).reset()],
  ['an end amid the body', 'ERR_TRUNCATED', async ({ flowing }) => (await flowing()).end()],
  ['garbage', 'ERR_PROTOCOL', async ({ begun }) => (await begun()).write('garbage\r\n\r\n')],
  [
    'a chunked body that breaks off with its connection',
    'ERR_TRUNCATED',
    async ({ begun }) => {
      const connection = await begun();
      void connection.writeHead(200, { 'transfer-encoding': 'chunked', connection: 'close' });
      void connection.write('3\r\nab');
      connection.end();
    },
  ],
  [
    'a malformed chunk',
    'ERR_PROTOCOL',
    async ({ begun }) => {
      const connection = await begun();
      void connection.writeHead(200, { 'transfer-encoding': 'chunked' });
      void connection.write('3\r\nabcdef\r\n');
    },
  ],
  ['too large a body', 'ERR_TOO_LARGE', ({ flowing }) => flowing({ maxResponseBytes: 2 })],
  [
    'a body shorter than declared',
    'ERR_BODY_LENGTH',
    async (s) => {
      const headers = { 'content-length': '3' };
      const handle = s.launch({ method: 'POST', streamBody: true, headers });
      await s.pool.sendBody(handle, 'a');
      expect(await s.pool.finishBody(handle)).toBe(false);
    },
  ],
  ['a killed worker', 'ERR_WORKER_DIED', async (s) => [await s.flowing(), killAll(s)]],
  [
    'a failed pool, in the queue',
    'ERR_POOL_FAILED',
    (s) => [occupied(s), s.launch(), killAll(s)],
    { ...ONE, maxRestarts: 0 },
  ],
  [
    'a destroyed pool',
    'ERR_POOL_DESTROYED',
    async (s) => [await s.flowing(), s.pool.destroy('enough')],
  ],
  [
    'a destroyed pool, in the queue',
    'ERR_POOL_DESTROYED',
    (s) => [occupied(s), s.launch(), s.pool.destroy()],
    ONE,
  ],
];

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

for (const stream of [true, false]) {
  for (const [what, end, play, options] of CASES) {
    test(`H3 ends once after ${what}, stream ${stream}`, async () => {
      const clock = new ManualClock();
      const peer = await scriptedPeer();
      const pool = new RequestPool({ workers: 1, ...options }, { clock });
      cleanups.push(() => peer.close());
      const log = new MessageLog();
      const handles: AsyncHandle[] = [];
      await play(stageOf({ pool, clock, peer, log, handles }, stream));
      const terminal = await log.ended;
      expect(terminal.type === 'done' ? 'done' : terminal.error.code).toBe(end);
      await provoke(pool, handles, terminal);
      await pool.destroy();
      await settled();
      expect(log.types.filter((type) => type === 'done' || type === 'error').length).toBe(1);
      expect(log.messages.at(-1)).toBe(terminal);
      if (!stream) expect(log.messages.length).toBe(1);
      expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
      expect(clock.pending).toBe(0);
    });
  }
}

/** Everything that could bring about a second end. */
async function provoke(
  pool: RequestPool,
  handles: readonly AsyncHandle[],
  terminal: TerminalMessage,
): Promise<void> {
  for (const handle of handles) {
    pool.cancel(handle, 'late');
    pool.updateFlow(handle, 1);
    expect(await pool.sendBody(handle, 'late')).toBe(false);
    const awaited = pool.await(handle).catch((error: unknown) => error);
    if (terminal.type === 'error') expect(await awaited).toBe(terminal.error);
    else expect(await awaited).toMatchObject({ ref: terminal.ref });
  }
  for (const { id } of pool.stats().workers) pool.killWorker(id);
}
