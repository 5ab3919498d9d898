/** The connections to an origin that speaks HTTP/1.1 alone. */

import { Client } from 'undici';
import { describe, expect, test } from 'vitest';
import { type Http1Client, Http1Clients } from '../../../src/actors/http1-clients.ts';
import { plainGet } from '../../helpers/plain-get.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

class PlainClient extends Client implements Http1Client {
  get isConnected(): boolean {
    return this.stats.connected;
  }
}

interface Stage extends AsyncDisposable {
  readonly peer: ScriptedPeer;
  readonly clients: Http1Clients;
  /** Resolves when the origin has neither connections nor requests. */
  readonly unused: Promise<void>;
  /** Dispatches a GET; resolves with its status, or with the code of its error. */
  get(): Promise<unknown>;
}

async function stage(): Promise<Stage> {
  const peer = await scriptedPeer();
  const unused = Promise.withResolvers<void>();
  const clients = new Http1Clients(() => new PlainClient(peer.origin), unused.resolve);
  return {
    peer,
    clients,
    unused: unused.promise,
    get: () => plainGet(clients, peer.origin),
    [Symbol.asyncDispose]: async () => {
      await clients.destroy();
      await peer.close();
    },
  };
}

/** The turn in which undici gives a connection back after a response. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the clients of an HTTP/1.1 origin', () => {
  test('each carry one request at a time', async () => {
    await using s = await stage();
    const answers = [s.get(), s.get()];
    const connections = [await s.peer.connection(), await s.peer.connection()];
    for (const connection of connections) connection.write(ANSWER);
    expect(await Promise.all(answers)).toEqual([200, 200]);
    expect(s.peer.connections).toBe(2);
  });

  test('give the next request to the connection that was free last', async () => {
    await using s = await stage();
    const answers = [s.get(), s.get()];
    const first = await s.peer.connection();
    const second = await s.peer.connection();
    await first.readHead();
    await second.readHead();
    second.write(ANSWER);
    await Promise.race(answers);
    first.write(ANSWER);
    await Promise.all(answers);
    await nextTurn();
    await nextTurn();
    const answer = s.get();
    await first.readHead();
    first.write(ANSWER);
    expect(await answer).toBe(200);
    expect(s.peer.connections).toBe(2);
  });

  test('forget a connection that the peer closes, and the origin with the last', async () => {
    await using s = await stage();
    const answer = s.get();
    const connection = await s.peer.connection();
    connection.write(ANSWER);
    expect(await answer).toBe(200);
    connection.end();
    await s.unused;
    const again = s.get();
    (await s.peer.connection()).write(ANSWER);
    expect(await again).toBe(200);
  });

  test('forget an origin that refuses connections', async () => {
    await using s = await stage();
    await s.peer.close();
    expect(await s.get()).toBe('ECONNREFUSED');
    await s.unused;
  });

  test('P1 let what runs end when they are closed', async () => {
    await using s = await stage();
    const answer = s.get();
    const connection = await s.peer.connection();
    const closed = s.clients.close();
    connection.write(ANSWER);
    expect(await answer).toBe(200);
    await closed;
    await connection.closed;
  });
});
