/** The pools of a worker, one for each origin it has connections to. */

import { describe, expect, test } from 'vitest';
import { Connections } from '../../../src/actors/connections.ts';
import { createAgent } from '../../../src/actors/transport.ts';
import { realClock } from '../../../src/clock.ts';
import { expectNoLeaks, snapshotResources } from '../../helpers/leaks.ts';
import { plainGet } from '../../helpers/plain-get.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { until } from '../../helpers/until.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

describe('the agent of a worker', () => {
  test('keeps a pool as long as it has a connection', async () => {
    await using peer = await scriptedPeer();
    const before = snapshotResources();
    const agent = createAgent(realClock, new Connections());
    const answered = plainGet(agent, peer.origin);
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
    expect(await plainGet(agent, origin)).toBe('ECONNREFUSED');
    await until(() => agent.origins === 0, 'the origin is not forgotten');
    await agent.close();
  });

  test.each(['close', 'destroy'] as const)('P1 makes no connection after %s', async (end) => {
    await using peer = await scriptedPeer();
    const agent = createAgent(realClock, new Connections());
    await agent[end]();
    expect(await plainGet(agent, peer.origin)).toBe('UND_ERR_DESTROYED');
    expect(agent.origins).toBe(0);
  });
});
