/**
 * got with a keep-alive agent, retries off, buffers as bytes, streams through `pipeline`.
 */

import { Agent } from 'node:http';
import { pipeline } from 'node:stream/promises';
import got from 'got';
import { CountingSink, expectOk, readableOf } from '../payload.ts';
import type { BenchClient } from './client.ts';

export function gotClient(): BenchClient {
  const agent = new Agent({ keepAlive: true });
  const client = got.extend({ agent: { http: agent }, retry: { limit: 0 } });
  return {
    name: 'got',
    async get(url) {
      const response = await client.get(url, { responseType: 'buffer' });
      expectOk(response.statusCode);
      return response.body.length;
    },
    async post(url, body) {
      const response = await client.post(url, { body, responseType: 'buffer' });
      expectOk(response.statusCode);
      return response.body.length;
    },
    async download(url, pace) {
      const sink = new CountingSink(pace);
      await pipeline(client.stream.get(url), sink);
      return sink.bytes;
    },
    async upload(url, bytes) {
      let answer = '';
      await pipeline(readableOf(bytes), client.stream.post(url), async (response) => {
        for await (const chunk of response) answer += String(chunk);
      });
      return Number(answer);
    },
    close: async () => agent.destroy(),
  };
}
