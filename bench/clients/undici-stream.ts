/**
 * undici's fastest stream, `stream()` into a writable: the reference of the ratios for streams.
 * Uploads send a Node Readable.
 */

import { Agent, stream } from 'undici';
import { CountingSink, expectOk, readableOf } from '../payload.ts';
import type { BenchClient } from './client.ts';

export function undiciStream(): BenchClient {
  const dispatcher = new Agent();
  return {
    name: 'undici.stream',
    async download(url, pace) {
      const sink = new CountingSink(pace);
      await stream(url, { dispatcher, method: 'GET' }, ({ statusCode }) => {
        expectOk(statusCode);
        return sink;
      });
      return sink.bytes;
    },
    async upload(url, bytes) {
      let answer = '';
      const sink = new CountingSink();
      sink._write = (chunk: Buffer, _encoding, callback) => {
        answer += chunk.toString();
        callback();
      };
      const body = readableOf(bytes);
      await stream(url, { dispatcher, method: 'POST', body }, ({ statusCode }) => {
        expectOk(statusCode);
        return sink;
      });
      return Number(answer);
    },
    close: () => dispatcher.close(),
  };
}
