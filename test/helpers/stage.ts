/**
 * A pool on a manual clock and a scripted peer, with one request under test whose messages go to a
 * log: the scenery of tests that go through every kind of end.
 */

import type { AsyncHandle, RequestOptionsWithUrl } from '../../src/index.ts';
import type { RequestPool } from '../../src/pool/request-pool.ts';
import { heard } from './heard.ts';
import { settled } from './leaks.ts';
import type { ManualClock } from './manual-clock.ts';
import type { MessageLog } from './message-log.ts';
import { type ScriptedConnection, type ScriptedPeer, scriptedPeer } from './scripted-peer.ts';

export interface Stage {
  readonly pool: RequestPool;
  readonly clock: ManualClock;
  readonly peer: ScriptedPeer;
  readonly log: MessageLog;
  /** The handles of what was launched. */
  readonly handles: AsyncHandle[];
  /** The request under test, with its messages going to the log. */
  launch(options?: Partial<RequestOptionsWithUrl>): AsyncHandle;
  /** The same, its head read by the peer, as the pool knows. */
  begun(options?: Partial<RequestOptionsWithUrl>): Promise<ScriptedConnection>;
  /** The same, with a status and `abc` of ten bytes received. */
  flowing(options?: Partial<RequestOptionsWithUrl>): Promise<ScriptedConnection>;
}

export function stageOf(base: Omit<Stage, 'launch' | 'begun' | 'flowing'>, stream: boolean): Stage {
  const { pool, peer, log, handles } = base;
  const launch: Stage['launch'] = (options = {}) => {
    const handle = pool.request({ url: peer.origin, stream, replyTo: log.receive, ...options });
    handles.push(handle);
    return handle;
  };
  const begun: Stage['begun'] = async (options) => {
    launch(options);
    const connection = await peer.connection();
    await connection.readHead();
    await heard();
    return connection;
  };
  const flowing: Stage['flowing'] = async (options) => {
    const connection = await begun(options);
    void connection.respond(200, { 'content-length': '10' }, 'abc');
    const received = (): number =>
      pool.stats().workers.reduce((sum, worker) => sum + worker.bytesReceived, 0);
    while (received() < 3) await settled(1);
    return connection;
  };
  return { ...base, launch, begun, flowing };
}

/** Takes the only slot, so that the request under test waits in the queue. */
export function occupied({ pool, peer }: Stage): AsyncHandle {
  return pool.get(peer.origin, { timeout: Number.POSITIVE_INFINITY });
}

/** A TLS handshake that is never answered. */
export function connecting({ peer }: Stage): Partial<RequestOptionsWithUrl> {
  return { url: `https://127.0.0.1:${peer.port}/` };
}

export function cancelAll({ pool, handles }: Stage): void {
  for (const handle of handles) pool.cancel(handle, 'enough');
}

export function killAll({ pool }: Stage): void {
  for (const { id } of pool.stats().workers) pool.killWorker(id);
}

export async function closedPort(): Promise<number> {
  const peer = await scriptedPeer();
  await peer.close();
  return peer.port;
}
