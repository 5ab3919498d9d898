/**
 * A peer whose exchanges are scripted alike over HTTP/1.1 and HTTP/2, for what must not depend on
 * the protocol. HTTP/2 is agreed on by ALPN; the test CA is trusted until the peer is closed.
 */

import { type Http2Peer, http2Peer, type PeerStream } from './http2-peer.ts';
import { Inbox } from './inbox.ts';
import { settled } from './leaks.ts';
import { type ScriptedConnection, type ScriptedPeer, scriptedPeer } from './scripted-peer.ts';
import { trustedServer, trustTestCa } from './tls.ts';

export type Version = '1.1' | '2';

export const VERSIONS: readonly Version[] = ['1.1', '2'];

/** A request that has arrived; nothing is read of its body. */
export interface PeerExchange {
  /** A response of 1xx on the way to the one that counts; resolves when it has left. */
  hint(): Promise<void>;
  /** Response headers; the body is open-ended. */
  respond(status: number): Promise<void>;
  write(data: string | Uint8Array): Promise<boolean>;
  end(): Promise<void>;
  /**
   * How the client gave it up: `closed` (HTTP/1.1) or `reset` (HTTP/2). Anything else, a request
   * or a response that came to its proper end among it, is told as what it is.
   */
  readonly abandoned: Promise<string>;
}

export interface EitherPeer extends AsyncDisposable {
  readonly origin: string;
  readonly connections: number;
  readonly openConnections: number;
  /** The next request, as soon as its head is there. */
  exchange(): Promise<PeerExchange>;
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export async function eitherPeer(version: Version): Promise<EitherPeer> {
  if (version === '1.1') {
    const peer = await scriptedPeer();
    const exchanges = exchangesOf(peer);
    return facade(peer, () => exchanges.next(), peer.close);
  }
  const trust = trustTestCa();
  const peer = await http2Peer({ tls: trustedServer });
  return facade(
    peer,
    async () => overHttp2(await peer.stream()),
    async () => {
      trust[Symbol.dispose]();
      await peer.close();
    },
  );
}

function facade(
  peer: ScriptedPeer | Http2Peer,
  exchange: () => Promise<PeerExchange>,
  close: () => Promise<void>,
): EitherPeer {
  return {
    origin: peer.origin,
    get connections() {
      return peer.connections;
    },
    get openConnections() {
      return peer.openConnections;
    },
    exchange,
    idle: () => peer.idle(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** All of its connections; the next of one begins when the one before has ended. */
function exchangesOf(peer: ScriptedPeer): Inbox<PeerExchange> {
  const exchanges = new Inbox<PeerExchange>();
  const accept = async (): Promise<void> => {
    for (;;) void serve(await peer.connection(), exchanges).catch(closedByClient);
  };
  accept().catch((closed: Error) => exchanges.close(closed));
  return exchanges;
}

/** Rejects when the client closes the connection. */
async function serve(
  connection: ScriptedConnection,
  exchanges: Inbox<PeerExchange>,
): Promise<never> {
  for (;;) {
    const { headers } = await connection.readHead();
    const ended = Promise.withResolvers<void>();
    exchanges.push(overHttp1(connection, ended.resolve));
    await ended.promise;
    if (headers['transfer-encoding'] === 'chunked') await connection.readChunked();
    else await connection.readBodyBytes(Number(headers['content-length'] ?? 0));
  }
}

function closedByClient(): void {}

function overHttp1(connection: ScriptedConnection, over: () => void): PeerExchange {
  let ended = false;
  return {
    hint: async () => void (await connection.writeHead(103)),
    respond: async (status) => {
      // Each exchange is scripted on a connection of its own.
      const headers = { 'transfer-encoding': 'chunked', connection: 'close' };
      await connection.writeHead(status, headers);
    },
    write: (data) => connection.writeChunk(data),
    end: async () => {
      ended = true;
      over();
      await connection.endChunked();
    },
    abandoned: connection.closed.then(() => (ended ? 'closed after its end' : 'closed')),
  };
}

async function overHttp2(stream: PeerStream): Promise<PeerExchange> {
  return {
    hint: async () => {
      stream.inform(103);
      // It is written a turn later.
      await settled();
    },
    respond: async (status) => stream.respond(status),
    write: (data) => stream.write(data),
    end: async () => stream.end(),
    abandoned: stream.closed.then(({ rstCode, connectionLost }) => {
      if (connectionLost) return 'connection lost';
      return rstCode === undefined ? 'ended' : 'reset';
    }),
  };
}

/** What `abandoned` says when an exchange was aborted as it should be (clause T3). */
export const ABANDONED: Readonly<Record<Version, string>> = { '1.1': 'closed', '2': 'reset' };
