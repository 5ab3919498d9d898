/**
 * A worker's own undici agent, whose clients know their connections.
 *
 * undici tells a handler nothing about the socket it runs on. A client here notes, per connection,
 * how long its steps took, how many requests it carried and how it broke, and each exchange can
 * ask the client it was dispatched to.
 *
 * Deep imports on purpose: undici's main entry replaces the global dispatcher of the process on
 * Node 22 (clause I4), its parts do not.
 */

import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import symbols from 'undici/lib/core/symbols.js';
import Client from 'undici/lib/dispatcher/client.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { Clock } from '../clock.ts';
import { ownOptions } from '../own-options.ts';
import type { ConnectionReports } from './connections.ts';
import { type Http1Client, Http1Clients } from './http1-clients.ts';
import {
  type ConnectCallback,
  type Connection,
  type Connector,
  measuredConnect,
  type Target,
  type Tracker,
} from './measured-connect.ts';
import { type Session, SessionStreams, type StreamUser } from './session-streams.ts';
import { connectTcp } from './tcp-socket.ts';
import { type Transport, WorkerAgent } from './worker-agent.ts';

/** The client of an exchange, as far as the exchange needs it. */
export interface ConnectionHolder {
  /** The connection that is open, or was last. */
  readonly connection: Connection | undefined;
  /** A request waits for its start no more: it has started, or failed. */
  leave(): void;
  /** The request of this user is being started: its HTTP/2 stream, if it gets one, is its own. */
  starts(user: StreamUser): void;
  /** A request that has not started is given up: with the last one, a connect in progress ends. */
  abandon(): void;
  /** The response to a request has ended. */
  ended(): void;
}

/** A handler that is told which client it was dispatched to. */
export interface ConnectionUser extends StreamUser {
  /** `false` when it was given up before it got there: no connection is made for it. */
  assignedTo(holder: ConnectionHolder): boolean;
}

/** What the transport is given of its surroundings, and where it reports its connections. */
interface Surroundings {
  readonly clock: Clock;
  readonly connections: ConnectionReports;
  /** A response of the client has ended. */
  readonly ended?: () => void;
  /** A request is held back that undici does not know of: the origin is in use until it is let go. */
  readonly hold?: () => () => void;
}

/**
 * An agent for one worker, which reports what it opens and closes. Its connect timeout is off: the
 * pool's clock has its own (T1).
 */
export function createAgent(clock: Clock, connections: ConnectionReports): WorkerAgent {
  const around: Surroundings = { clock, connections };
  return new WorkerAgent((origin, unused) =>
    origin.startsWith('http:')
      ? cleartextClients(origin, around, unused)
      : tlsPool(origin, around, unused),
  );
}

/** HTTP/1.1: without TLS nothing else can be agreed upon. */
function cleartextClients(origin: string, around: Surroundings, unused: () => void): Transport {
  const url = new URL(origin);
  const options = ownOptions({ ...OPTIONS, connect: connectTcp });
  return new Http1Clients((ended) => new TrackedClient(url, options, { ...around, ended }), unused);
}

/** HTTP/1.1 or HTTP/2, as the first connection finds out. */
function tlsPool(origin: string, around: Surroundings, unused: () => void): Transport {
  let held = 0;
  const settle = (): void => {
    const { connected, pending, queued } = pool.stats;
    if (connected + pending + queued + held === 0) unused();
  };
  const hold = (): (() => void) => {
    held += 1;
    return () => {
      held -= 1;
      settle();
    };
  };
  const factory = (url: URL, options: object): Client => {
    const ended = (): void => queueMicrotask(() => noteFree(client, url));
    const client: TrackedClient = new TrackedClient(url, options, { ...around, hold, ended });
    return client;
  };
  const pool = new Pool(origin, ownOptions({ ...OPTIONS, connect: NO_TIMEOUT, factory }));
  pool.on('disconnect', settle).on('connectionError', settle);
  return pool;
}

/**
 * Tells undici's Pool that an HTTP/1.1 connection is free, a turn before undici does: who gets the
 * slot of the exchange that has ended leaves in between, and would need another connection.
 */
function noteFree(client: TrackedClient, origin: URL): void {
  const { connected, size } = client.stats;
  if (!connected || size > 0 || client.connection?.isHttp2 !== false) return;
  const emitter: EventEmitter = client;
  emitter.emit('drain', origin, [client]);
}

// Own properties only, at each level: undici knows many more options than are set here (N11).
const OPTIONS = ownOptions({ headersTimeout: 0, bodyTimeout: 0 });
const NO_TIMEOUT = ownOptions({ timeout: 0 });

class TrackedClient extends Client implements ConnectionHolder, Http1Client {
  readonly #tracker: Tracker;
  readonly #streams = new SessionStreams();
  readonly #ended: Surroundings['ended'];
  readonly #hold: Surroundings['hold'];
  /** Requests dispatched here and not started. */
  #waiting = 0;

  constructor(origin: URL, options: object, { clock, connections, ended, hold }: Surroundings) {
    const tracker: Tracker = { connection: undefined, connecting: undefined };
    // Made above for all clients of the origin: a function.
    const { connect, ...rest } = options as { connect: Connector };
    const own = ownOptions({
      ...rest,
      connect: (target: Target, callback: ConnectCallback) =>
        measuredConnect({ connect, clock, tracker }, target, (error, socket) => {
          if (socket !== null) report(connections, origin.origin, socket);
          callback(error, socket);
        }),
    });
    super(origin, own as Client.Options);
    this.#tracker = tracker;
    this.#ended = ended;
    this.#hold = hold;
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    // undici's Pool keeps what waits for the first ALPN result, also what was given up meanwhile.
    if (isConnectionUser(handler) && !handler.assignedTo(this)) return true;
    this.#waiting += 1;
    const { connection } = this.#tracker;
    if (this.#session?.destroyed !== true || connection === undefined) {
      return super.dispatch(options, handler);
    }
    // A session that failed is dead some turns before its socket. undici asks only the socket, and
    // would fail all that starts meanwhile instead of connecting anew.
    const letGo = this.#hold?.();
    void connection.close().then(() => {
      if (!isConnectionUser(handler) || handler.assignedTo(this)) super.dispatch(options, handler);
      letGo?.();
    });
    return true;
  }

  get connection(): Connection | undefined {
    return this.#tracker.connection;
  }

  get isConnected(): boolean {
    return this.#tracker.connection?.isOpen() === true;
  }

  starts(user: StreamUser): void {
    const session = this.#session;
    if (session !== undefined) this.#streams.starts(session, user);
  }

  leave(): void {
    this.#waiting -= 1;
  }

  abandon(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#tracker.connecting?.destroy?.(new Error('connect abandoned'));
  }

  ended(): void {
    this.#ended?.();
  }

  /** The HTTP/2 session, if the connection is one; asked for each request. */
  get #session(): Session | undefined {
    if (this.#tracker.connection?.isHttp2 !== true) return undefined;
    // The symbol is undici's own, and so is what it leads to: no session over HTTP/1.1.
    const session = Reflect.get(this, symbols.kHTTP2Session) as Session | null | undefined;
    return session ?? undefined;
  }

  // undici lets a connect in progress run on after `destroy`; its socket would outlive the pool.
  override destroy(...args: unknown[]): Promise<void> {
    this.#tracker.connecting?.destroy?.();
    return (super.destroy as (...args: unknown[]) => Promise<void>).apply(this, args);
  }
}

function isConnectionUser(handler: object): handler is ConnectionUser {
  return 'assignedTo' in handler;
}

/** Before undici hears of the socket, so that it is known when its first request starts. */
function report(connections: ConnectionReports, origin: string, socket: Socket): void {
  connections.opened(origin);
  socket.once('close', () => connections.closed(origin));
}
