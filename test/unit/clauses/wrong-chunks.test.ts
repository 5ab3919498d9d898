/** Clause U3: a chunk of a wrong type is misuse; it leaves the upload as it was. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BodyChunk, Pool } from '../../../src/index.ts';
import { createPool } from '../../../src/index.ts';
import { type EchoServer, echoServer } from '../../helpers/echo-server.ts';

let server: EchoServer;
let pool: Pool;

beforeEach(async () => {
  server = await echoServer();
  pool = createPool();
});

afterEach(async () => {
  await pool.close();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  await server.close();
});

const WRONG = [
  undefined,
  null,
  7,
  true,
  5n,
  Symbol('chunk'),
  {},
  ['text'],
  () => 'text',
  new Blob(['text']),
  new SharedArrayBuffer(4),
  Promise.resolve('text'),
  { byteLength: 4, buffer: new ArrayBuffer(4) },
];

const REFUSED = expect.objectContaining({
  code: 'ERR_BAD_OPTIONS',
  issues: [{ option: 'chunk', problem: expect.stringMatching(/^must be a string, .+, not /) }],
});

test('U3 chunks of wrong types are refused, and the upload is what the others made', async () => {
  const upload = pool.post(server.url('/echo'), {
    streamBody: true,
    headers: { 'content-length': 4 },
  });
  expect(await pool.sendBody(upload, 'ab')).toBe(true);
  for (const chunk of WRONG) {
    await expect(pool.sendBody(upload, chunk as BodyChunk)).rejects.toEqual(REFUSED);
  }
  expect(pool.stats().openUploads).toBe(1);
  expect(await pool.sendBody(upload, new Uint16Array([0x6463]))).toBe(true);
  expect(await pool.finishBody(upload)).toBe(true);
  const response = await pool.await(upload);
  expect(response.text()).toBe('abcd');
  expect(response.upload).toEqual({ complete: true, bytesSent: 4, endedBy: 'caller' });
});

test('U3 a chunk of a wrong type is misuse on an ended exchange too', async () => {
  const handle = pool.get(server.url('/echo'));
  await pool.await(handle);
  await expect(pool.sendBody(handle, 7 as unknown as BodyChunk)).rejects.toEqual(REFUSED);
  expect(await pool.sendBody(handle, 'x')).toBe(false);
  expect(await pool.finishBody(handle)).toBe(false);
});
