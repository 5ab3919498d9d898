/**
 * undici's floor: a bare `dispatch` with a handler that collects the body, nothing around it.
 */

import { Agent, type Dispatcher } from 'undici';
import { expectOk } from '../payload.ts';
import type { BenchClient } from './client.ts';

export function undiciDispatch(): BenchClient {
  const agent = new Agent();
  return {
    name: 'undici dispatch',
    get: (url) => collect(agent, url, 'GET', null),
    post: (url, body) => collect(agent, url, 'POST', body),
    close: () => agent.close(),
  };
}

function collect(
  agent: Agent,
  url: string,
  method: Dispatcher.HttpMethod,
  body: Buffer | null,
): Promise<number> {
  const { origin, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    agent.dispatch(
      { origin, path: pathname, method, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          expectOk(status);
          resolve(chunks.length === 1 ? (chunks[0]?.length ?? 0) : Buffer.concat(chunks).length);
        },
        onResponseError(_controller, error) {
          reject(error);
        },
      },
    );
  });
}
