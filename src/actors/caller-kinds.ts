/**
 * The kinds of callers and receivers, and how the death of each is seen: what to listen to, and
 * what tells that it has happened already (clause C1).
 *
 * Invariant: an attachment listens at most once to each object that tells of the death, and its
 * detach takes away all it added. Who watches whom is `caller-monitor`'s.
 */

import { ChildProcess } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { inspect } from 'node:util';
import { MessagePort, Worker } from 'node:worker_threads';
import { http } from '../node-http.ts';
import type { CallerScope, WatchableActor } from '../options.ts';

/** How one object is watched. */
export interface Attachment {
  /** Whether it can be seen to be dead already. */
  dead(): boolean;
  /** Listens for its death; returns how to stop. */
  attach(died: () => void): () => void;
}

/** How a value is watched; `undefined` for one whose death cannot be observed. */
export function attachmentFor(value: unknown): Attachment | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof AbortSignal) return abortSignal(value);
  if (isScope(value)) return scope(value);
  if (value instanceof Worker) return emitter(value, 'exit', () => value.threadId === -1);
  if (value instanceof MessagePort) return messagePort(value);
  if (value instanceof ChildProcess) return emitter(value, 'exit', () => isProcessGone(value));
  if (value instanceof http.ServerResponse) return closing(value, () => value.writableEnded);
  if (value instanceof http.IncomingMessage) return incoming(value);
  if (isActor(value)) return actor(value);
  const http2Stream = http2StreamOf(value);
  if (http2Stream !== undefined) return closing(http2Stream, () => isHttp2Complete(http2Stream));
  if (isStream(value)) return closing(value, () => isStreamComplete(value));
  return undefined;
}

function abortSignal(signal: AbortSignal): Attachment {
  return {
    dead: () => signal.aborted,
    attach: (died) => {
      signal.addEventListener('abort', died, { once: true });
      return () => signal.removeEventListener('abort', died);
    },
  };
}

function scope(value: CallerScope): Attachment {
  return { dead: () => value.dead, attach: (died) => value.onDeath(died) };
}

interface Emitter {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

function emitter(value: Emitter, event: string, dead: () => boolean): Attachment {
  return {
    dead,
    attach: (died) => {
      value.on(event, died);
      return () => value.off(event, died);
    },
  };
}

/**
 * A port says only to `inspect` whether it is open, and says so until the turn in which it emits
 * `close` is over: who begins to listen within that turn has to look again in the next.
 */
function messagePort(port: MessagePort): Attachment {
  const dead = (): boolean => {
    const shown: unknown = (port as { [inspect.custom]?: () => unknown })[inspect.custom]?.();
    return typeof shown === 'object' && shown !== null && 'active' in shown && !shown.active;
  };
  return {
    dead,
    attach: (died) => {
      port.on('close', died);
      const look = setImmediate(() => {
        if (dead()) died();
      });
      return () => {
        port.off('close', died);
        clearImmediate(look);
      };
    },
  };
}

/** One that could not be started has no pid, and never an `exit`. */
function isProcessGone({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

/** Dead when it closes before it was complete. */
function closing(
  value: Emitter & { readonly destroyed: boolean },
  complete: () => boolean,
): Attachment {
  return {
    dead: () => value.destroyed && !complete(),
    attach: (died) => {
      const closed = () => {
        if (!complete()) died();
      };
      value.on('close', closed);
      return () => value.off('close', closed);
    },
  };
}

/**
 * A request as a server sees it closes as soon as its body was read, so its own `close` tells a
 * death only while it is incomplete; after that its response does. A response as a client sees it
 * is complete or it is not.
 */
function incoming(message: IncomingMessage): Attachment {
  const own = closing(message, () => message.complete);
  const rest = typeof message.statusCode === 'number' ? undefined : answering(message);
  if (rest === undefined) return own;
  return {
    dead: () => own.dead() || rest.dead(),
    attach: (died) => {
      const detachOwn = own.attach(died);
      const detachRest = rest.attach(died);
      return () => {
        detachOwn();
        detachRest();
      };
    },
  };
}

/**
 * What tells that a request's client has left before it was answered; nothing, when it has been.
 * Where the response is not known (pipelined behind another, or upgraded and so without one) the
 * connection itself has to do.
 */
function answering(message: IncomingMessage): Attachment | undefined {
  const socket: ServerSocket | null = message.socket;
  if (socket === null) return undefined;
  const response = responseTo(message, socket);
  if (response !== undefined) return closing(response, () => response.writableEnded);
  const isUpgrade = 'upgrade' in message && message.upgrade === true;
  return socket._httpMessage === null && !isUpgrade ? undefined : closing(socket, () => false);
}

/** Node gives no way from a request to its response but this: the response that the connection is
 * writing, `null` between two of them. */
type ServerSocket = Socket & { readonly _httpMessage?: unknown };

/** Kept, because the connection soon writes another. */
const responses = new WeakMap<IncomingMessage, ServerResponse>();

function responseTo(message: IncomingMessage, socket: ServerSocket): ServerResponse | undefined {
  const writing = socket._httpMessage;
  if (writing instanceof http.ServerResponse && writing.req === message) {
    responses.set(message, writing);
  }
  return responses.get(message);
}

function actor(value: WatchableActor): Attachment {
  return {
    dead: () => isActorOver(value),
    attach: (died) => {
      const subscription = value.subscribe({ complete: died, error: died });
      return () => subscription.unsubscribe();
    },
  };
}

/** Not every logic of XState says in its snapshot that it was stopped; its actor knows. */
function isActorOver(actor: WatchableActor & { readonly _processingStatus?: unknown }): boolean {
  const snapshot = actor.getSnapshot();
  const hasStatus = typeof snapshot === 'object' && snapshot !== null && 'status' in snapshot;
  return (hasStatus && snapshot.status !== 'active') || actor._processingStatus === STOPPED;
}

/** XState's `ProcessingStatus`. */
const STOPPED = 2;

function isScope(value: object): value is CallerScope {
  return 'onDeath' in value && typeof value.onDeath === 'function' && 'dead' in value;
}

function isActor(value: object): value is WatchableActor {
  return (
    'subscribe' in value &&
    typeof value.subscribe === 'function' &&
    'getSnapshot' in value &&
    typeof value.getSnapshot === 'function'
  );
}

interface Http2StreamLike extends Emitter {
  readonly destroyed: boolean;
  readonly aborted: boolean;
  readonly rstCode: number;
}

/** An HTTP/2 stream, or the one behind a request or response of the compatibility API. */
function http2StreamOf(value: object): Http2StreamLike | undefined {
  const stream = 'stream' in value ? value.stream : value;
  if (typeof stream !== 'object' || stream === null) return undefined;
  // Node's HTTP/2 streams are the only ones with `rstCode`; they have all of the shape.
  return 'rstCode' in stream && 'aborted' in stream
    ? (stream as unknown as Http2StreamLike)
    : undefined;
}

/** Node ends the writable side also when the peer resets the stream, so only `aborted` tells: for a
 * server that it had not ended its response. A client has mostly ended its part long before. */
function isHttp2Complete(stream: Http2StreamLike): boolean {
  const isServerSide = 'pushStream' in stream;
  return !stream.aborted && (isServerSide || stream.rstCode === NO_ERROR);
}

/** RFC 9113, 7. */
const NO_ERROR = 0;

interface StreamLike extends Emitter {
  readonly destroyed: boolean;
  readonly readable?: boolean;
  readonly readableEnded?: boolean;
  readonly writableFinished?: boolean;
}

function isStream(value: object): value is StreamLike {
  return (
    'on' in value &&
    typeof value.on === 'function' &&
    'destroyed' in value &&
    ('_readableState' in value || '_writableState' in value || 'pipe' in value)
  );
}

/** Every side that the stream has came to its end. */
function isStreamComplete(stream: StreamLike): boolean {
  return stream.readableEnded !== false && stream.writableFinished !== false;
}
