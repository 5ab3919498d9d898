/**
 * axios on its Node adapter with a keep-alive agent. Redirects are off for uploads, where it would
 * otherwise keep the whole body in memory for a second try.
 */

import { Agent } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import axios from 'axios';
import { CountingSink, expectOk, readableOf } from '../payload.ts';
import type { BenchClient } from './client.ts';

export function axiosClient(): BenchClient {
  const httpAgent = new Agent({ keepAlive: true });
  const client = axios.create({ adapter: 'http', httpAgent, proxy: false });
  return {
    name: 'axios',
    async get(url) {
      const response = await client.get<Buffer>(url, { responseType: 'arraybuffer' });
      expectOk(response.status);
      return response.data.length;
    },
    async post(url, body) {
      const response = await client.post<Buffer>(url, body, { responseType: 'arraybuffer' });
      expectOk(response.status);
      return response.data.length;
    },
    async download(url, pace) {
      const response = await client.get<Readable>(url, { responseType: 'stream' });
      expectOk(response.status);
      const sink = new CountingSink(pace);
      await pipeline(response.data, sink);
      return sink.bytes;
    },
    async upload(url, bytes) {
      const response = await client.post<string>(url, readableOf(bytes), {
        responseType: 'text',
        maxRedirects: 0,
        maxBodyLength: Number.POSITIVE_INFINITY,
      });
      expectOk(response.status);
      return Number(response.data);
    },
    close: async () => httpAgent.destroy(),
  };
}
