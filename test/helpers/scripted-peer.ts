/**
 * A raw HTTP/1.1 peer on a free port whose every step the test scripts. It accepts connections
 * and hands them over in order; what happens on one is up to the test (see scripted-connection).
 */

import { Inbox } from './inbox.ts';
import { ScriptedConnection } from './scripted-connection.ts';
import { type ListenerOptions, listen } from './socket-listener.ts';

export type { ScriptedConnection } from './scripted-connection.ts';

export interface ScriptedPeer extends AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  /** How many connections were ever accepted. */
  readonly connections: number;
  readonly openConnections: number;
  readonly handshakeErrors: readonly Error[];
  /** The next accepted connection; under TLS once its handshake is done. */
  connection(): Promise<ScriptedConnection>;
  /** Resolves when no connection is open. */
  idle(): Promise<void>;
  stopAccepting(): void;
  /** Destroys every connection; a `connection()` that still waits rejects. */
  close(): Promise<void>;
}

export async function scriptedPeer(options: ListenerOptions = {}): Promise<ScriptedPeer> {
  const accepted = new Inbox<ScriptedConnection>();
  const listener = await listen((socket) => accepted.push(new ScriptedConnection(socket)), options);
  const close = (): Promise<void> => {
    accepted.close(new Error('waited for a connection, but the peer was closed'));
    return listener.close();
  };
  return {
    origin: listener.origin,
    port: listener.port,
    handshakeErrors: listener.handshakeErrors,
    get connections() {
      return listener.accepted;
    },
    get openConnections() {
      return listener.open.size;
    },
    connection: () => accepted.next(),
    idle: () => listener.idle(),
    stopAccepting: () => listener.stopAccepting(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
