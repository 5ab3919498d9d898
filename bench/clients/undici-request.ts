/**
 * undici's convenient call, `request()`: the reference of the ratios for small requests.
 * Downloads iterate the body, uploads send an async iterable.
 */

import { Agent, request } from 'undici';
import { asyncChunksOf, countBytes, expectOk } from '../payload.ts';
import type { BenchClient } from './client.ts';

export function undiciRequest(): BenchClient {
  const dispatcher = new Agent();
  return {
    name: 'undici.request',
    async get(url) {
      const { statusCode, body } = await request(url, { dispatcher });
      expectOk(statusCode);
      return (await body.arrayBuffer()).byteLength;
    },
    async post(url, payload) {
      const { statusCode, body } = await request(url, {
        dispatcher,
        method: 'POST',
        body: payload,
      });
      expectOk(statusCode);
      return (await body.arrayBuffer()).byteLength;
    },
    async download(url, pace) {
      const { statusCode, body } = await request(url, { dispatcher });
      expectOk(statusCode);
      return countBytes(body, pace);
    },
    async upload(url, bytes) {
      const { statusCode, body } = await request(url, {
        dispatcher,
        method: 'POST',
        // The types know Readable only; undici sends any async iterable of bytes.
        body: asyncChunksOf(bytes) as unknown as Buffer,
      });
      expectOk(statusCode);
      return Number(await body.text());
    },
    close: () => dispatcher.close(),
  };
}
