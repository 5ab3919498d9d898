/**
 * Node's own client with nothing around it, for streams: what moving bytes takes in Node itself,
 * memory above all.
 */

import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { chunksOf, countBytes, expectOk } from '../payload.ts';
import type { BenchClient } from './client.ts';

export function nodeHttp(): BenchClient {
  const agent = new Agent({ keepAlive: true });
  return {
    name: 'node:http',
    async download(url, pace) {
      const response = await responseTo(request(url, { agent }).end());
      return pace ? countBytes(response, pace) : countAll(response);
    },
    async upload(url, bytes) {
      const sending = request(url, { agent, method: 'POST' });
      const response = responseTo(sending);
      sendChunks(sending, bytes);
      const { value } = await (await response).setEncoding('utf8')[Symbol.asyncIterator]().next();
      return Number(value);
    },
    async close() {
      agent.destroy();
    },
  };
}

function responseTo(sending: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sending.once('error', reject);
    sending.once('response', (response) => {
      expectOk(response.statusCode ?? 0);
      resolve(response);
    });
  });
}

function countAll(response: IncomingMessage): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    response.once('end', () => resolve(bytes)).once('error', reject);
  });
}

function sendChunks(sending: ClientRequest, bytes: number): void {
  const chunks = chunksOf(bytes);
  const writeOn = (): void => {
    for (let next = chunks.next(); next.done !== true; next = chunks.next()) {
      if (!sending.write(next.value)) return;
    }
    sending.end();
  };
  sending.on('drain', writeOn);
  writeOn();
}
