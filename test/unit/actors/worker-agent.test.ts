/** The pools of a worker, one for each origin it has connections to. */

import type { Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import { Connections } from '../../../src/actors/connections.ts';
import { createAgent } from '../../../src/actors/transport.ts';
import type { WorkerAgent } from '../../../src/actors/worker-agent.ts';
import { realClock } from '../../../src/clock.ts';
import { expectNoLeaks, snapshotResources } from '../../helpers/leaks.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { until } from '../../helpers/until.ts';

/** Dispatches a GET; resolves with its status, or with the code of its error. */
function get(agent: WorkerAgent, origin: string): Promise<unknown> {
  return new Promise((resolve) => {
    let answer: unknown;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: (_controller, status) => {
        answer = status;
      },
      onResponseData: () => {},
      onResponseEnd: () => resolve(answer),
      onResponseError: (_controller, error) => resolve((error as NodeJS.ErrnoException).code),
    };
    agent.dispatch({ origin, path: '/', method: 'GET' }, handler);
  });
}

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

describe('the agent of a worker', () => {
  test('keeps a pool as long as it has a connection', async () => {
    await using peer = await scriptedPeer();
    const before = snapshotResources();
    const agent = createAgent(realClock, new Connections());
    const answered = get(agent, peer.origin);
    const connection = await peer.connection();
    connection.write(ANSWER);
    expect(await answered).toBe(200);
    expect(agent.origins).toBe(1);
    connection.end();
    await connection.closed;
    await until(() => agent.origins === 0, 'the origin is not forgotten');
    await agent.close();
    await expectNoLeaks(before);
  });

  test('forgets an origin that refuses connections', async () => {
    const peer = await scriptedPeer();
    const { origin } = peer;
    await peer[Symbol.asyncDispose]();
    const agent = createAgent(realClock, new Connections());
    expect(await get(agent, origin)).toBe('ECONNREFUSED');
    await until(() => agent.origins === 0, 'the origin is not forgotten');
    await agent.close();
  });

  test.each(['close', 'destroy'] as const)('P1 makes no connection after %s', async (end) => {
    await using peer = await scriptedPeer();
    const agent = createAgent(realClock, new Connections());
    await agent[end]();
    expect(await get(agent, peer.origin)).toBe('UND_ERR_DESTROYED');
    expect(agent.origins).toBe(0);
  });
});
