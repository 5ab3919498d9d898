/**
 * Node's built-in `fetch` on its own global dispatcher: what most programs use.
 */

import { countBytes, expectOk, webStreamOf } from '../payload.ts';
import type { BenchClient } from './client.ts';

export function builtinFetch(): BenchClient {
  return {
    name: 'fetch',
    async get(url) {
      const response = await fetch(url);
      expectOk(response.status);
      return (await response.arrayBuffer()).byteLength;
    },
    async post(url, body) {
      const response = await fetch(url, { method: 'POST', body });
      expectOk(response.status);
      return (await response.arrayBuffer()).byteLength;
    },
    async download(url, pace) {
      const response = await fetch(url);
      expectOk(response.status);
      if (response.body === null) throw new Error('the response has no body');
      return countBytes(response.body, pace);
    },
    async upload(url, bytes) {
      const body = webStreamOf(bytes);
      const response = await fetch(url, { method: 'POST', body, duplex: 'half' });
      expectOk(response.status);
      return Number(await response.text());
    },
    // The global dispatcher is not ours to close; the process exits with it.
    close: async () => {},
  };
}
