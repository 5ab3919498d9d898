/**
 * Bytes of a body whose memory is transferred away before they were sent: their exchange ends and
 * says so, no server sees a shorter body, and nobody else notices.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectPool, type HandleCalls } from '../../../src/index.ts';
import { type EchoServer, echoServer } from '../../helpers/echo-server.ts';
import { failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { collectUnhandled } from '../../helpers/leaks.ts';
import { ISOLATIONS, isolatedPool } from '../../helpers/thread-pool.ts';

let server: EchoServer;

beforeAll(async () => {
  server = await echoServer();
});

afterAll(() => server.close());

const GONE = {
  code: 'ERR_CANCELLED',
  cause: new TypeError('bytes of the body were transferred away before they were sent'),
};

function takeAway(chunk: Uint8Array<ArrayBuffer>): void {
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
}

describe.each(ISOLATIONS)('%s', (isolation) => {
  describe.each(['the pool', 'a connection to it'])('%s', (who) => {
    async function withCalls(use: (calls: HandleCalls) => Promise<void>): Promise<void> {
      using unhandled = collectUnhandled();
      const pool = isolatedPool(isolation, { maxRestarts: 1 });
      const connected = connectPool(pool.port());
      await use(who === 'the pool' ? pool : connected);
      await connected.close();
      expect(gaugesOf(pool)).toEqual(IDLE);
      expect(pool.stats().workers[0]?.restarts).toBe(0);
      await pool.close();
      expect([unhandled.exceptions, unhandled.rejections]).toEqual([[], []]);
    }

    test('U3 a chunk that goes before it was taken ends its upload, and releases who sends', () =>
      withCalls(async (calls) => {
        const url = `${server.origin}/sink`;
        const upload = calls.post(url, { streamBody: true, uploadBuffer: 10 });
        const other = calls.post(url, { body: 'of another' });
        const chunks = Array.from({ length: 4 }, () => new Uint8Array(100));
        const sends = chunks.map((chunk) => calls.sendBody(upload, chunk));
        for (const chunk of chunks.slice(2)) takeAway(chunk);
        expect((await Promise.all(sends)).slice(2)).toEqual([false, false]);
        expect(await calls.finishBody(upload)).toBe(false);
        const { error, upload: outcome } = await failureOf(calls, upload);
        expect(error).toMatchObject(GONE);
        expect(outcome?.complete).toBe(false);
        expect((await calls.await(other)).status).toBe(200);
      }));

    test('U9 a body that goes is sent as it was, or its exchange says that it is gone', () =>
      withCalls(async (calls) => {
        const url = `${server.origin}/echo`;
        const bodies = [0, 1, 2].map(() => new TextEncoder().encode('these bytes'));
        const handles = bodies.map((body) => calls.post(url, { body }));
        const other = calls.post(url, { body: 'of another' });
        const empty = calls.post(url, { body: new Uint8Array(0) });
        if (bodies[0] !== undefined) takeAway(bodies[0]);
        // Dispatched by now, and before a connection is there, or a thread that could read them.
        await Promise.resolve();
        if (bodies[1] !== undefined) takeAway(bodies[1]);
        for (const handle of handles) {
          const end = await calls.await(handle).then(
            (response) => response.text(),
            (error: unknown) => error,
          );
          if (end !== 'these bytes') expect(end).toMatchObject(GONE);
        }
        expect((await calls.await(other)).text()).toBe('of another');
        expect((await calls.await(empty)).text()).toBe('');
      }));

    test('H1 what is gone at the call is refused there', () =>
      withCalls(async (calls) => {
        const [body, chunk] = [new Uint8Array(4), new Uint8Array(4)];
        takeAway(body);
        takeAway(chunk);
        const refused = (option: string) =>
          expect.objectContaining({
            code: 'ERR_BAD_OPTIONS',
            issues: [expect.objectContaining({ option })],
          });
        const url = `${server.origin}/echo`;
        for (const gone of [body, body.buffer]) {
          expect(() => calls.post(url, { body: gone })).toThrow(refused('body'));
        }
        const upload = calls.post(url, { streamBody: true });
        await expect(calls.sendBody(upload, chunk)).rejects.toEqual(refused('chunk'));
        await expect(calls.sendBody(upload, chunk.buffer)).rejects.toEqual(refused('chunk'));
        expect(await calls.sendBody(upload, 'here')).toBe(true);
        expect(await calls.finishBody(upload)).toBe(true);
        expect((await calls.await(upload)).text()).toBe('here');
      }));
  });
});
