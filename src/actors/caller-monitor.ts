/**
 * Watches callers and receivers: one listener per watched object, however many exchanges it has,
 * and none once they have ended (clause C1).
 *
 * Each kind of object is known by one function that attaches to it and says how it can be seen to
 * be dead already. A death is reported once to each watcher, in the order in which they began.
 */

import { ChildProcess } from 'node:child_process';
import { IncomingMessage, ServerResponse } from 'node:http';
import { MessagePort, Worker } from 'node:worker_threads';
import type { Caller, CallerScope, WatchableActor } from '../options.ts';

export interface Watcher {
  /** The watched object died. */
  callerDied(): void;
}

/** How one kind of object is watched. */
interface Attachment {
  /** Whether it is dead already. */
  dead(): boolean;
  /** Listens for its death; returns how to stop. */
  attach(died: () => void): () => void;
}

interface Watch {
  readonly watchers: Set<Watcher>;
  detach: () => void;
}

/** Whether a value is something whose death can be observed. */
export function isWatchable(value: unknown): value is Caller {
  return attachmentFor(value) !== undefined;
}

/** Whether a value can be seen to be dead already. */
export function isDead(caller: Caller): boolean {
  return attachmentFor(caller)?.dead() ?? false;
}

export class CallerMonitor {
  readonly #watches = new Map<Caller, Watch>();

  /** Objects that are being watched; zero when no exchange is left. */
  get size(): number {
    return this.#watches.size;
  }

  watch(caller: Caller, watcher: Watcher): void {
    const known = this.#watches.get(caller);
    if (known !== undefined) {
      known.watchers.add(watcher);
      return;
    }
    const watch: Watch = { watchers: new Set([watcher]), detach: () => {} };
    this.#watches.set(caller, watch);
    watch.detach = attachmentFor(caller)?.attach(() => this.#died(caller)) ?? watch.detach;
    // Some kinds report a death while they are being attached to.
    if (this.#watches.get(caller) !== watch) watch.detach();
  }

  unwatch(caller: Caller, watcher: Watcher): void {
    const watch = this.#watches.get(caller);
    if (watch === undefined || !watch.watchers.delete(watcher)) return;
    if (watch.watchers.size > 0) return;
    this.#watches.delete(caller);
    watch.detach();
  }

  #died(caller: Caller): void {
    const watch = this.#watches.get(caller);
    if (watch === undefined) return;
    this.#watches.delete(caller);
    watch.detach();
    for (const watcher of watch.watchers) watcher.callerDied();
  }
}

function attachmentFor(value: unknown): Attachment | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof AbortSignal) return abortSignal(value);
  if (isScope(value)) return scope(value);
  if (value instanceof Worker) return emitter(value, ['exit'], () => value.threadId === -1);
  if (value instanceof MessagePort) return emitter(value, ['close'], () => false);
  if (value instanceof ChildProcess) {
    return emitter(value, ['exit'], () => value.exitCode !== null || value.signalCode !== null);
  }
  if (value instanceof ServerResponse) return closing(value, () => value.writableEnded);
  if (value instanceof IncomingMessage) return incoming(value);
  if (isActor(value)) return actor(value);
  const http2Stream = http2StreamOf(value);
  if (http2Stream !== undefined) return closing(http2Stream, () => !http2Stream.aborted);
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

function emitter(value: Emitter, events: readonly string[], dead: () => boolean): Attachment {
  return {
    dead,
    attach: (died) => {
      for (const event of events) value.on(event, died);
      return () => {
        for (const event of events) value.off(event, died);
      };
    },
  };
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
 * death only while it is incomplete; after that its connection does. A response as a client sees it
 * is complete or it is not.
 */
function incoming(message: IncomingMessage): Attachment {
  const own = closing(message, () => message.complete);
  const socket = message.socket;
  const isServerSide = typeof message.statusCode !== 'number';
  if (!isServerSide || socket === null) return own;
  return {
    dead: () => own.dead() || socket.destroyed,
    attach: (died) => {
      const detachOwn = own.attach(died);
      socket.on('close', died);
      return () => {
        detachOwn();
        socket.off('close', died);
      };
    },
  };
}

function actor(value: WatchableActor): Attachment {
  return {
    dead: () => {
      const snapshot = value.getSnapshot();
      const status =
        typeof snapshot === 'object' && snapshot !== null && 'status' in snapshot
          ? snapshot.status
          : 'active';
      return status !== 'active';
    },
    attach: (died) => {
      const subscription = value.subscribe({ complete: died, error: died });
      return () => subscription.unsubscribe();
    },
  };
}

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
}

/** An HTTP/2 stream, or the one behind a request or response of the compatibility API. Node ends
 * its writable side also when the peer resets it, so only `aborted` tells. */
function http2StreamOf(value: object): Http2StreamLike | undefined {
  const stream = 'stream' in value ? value.stream : value;
  if (typeof stream !== 'object' || stream === null) return undefined;
  // Node's HTTP/2 streams are the only ones with `rstCode`; they have all of the shape.
  return 'rstCode' in stream && 'aborted' in stream
    ? (stream as unknown as Http2StreamLike)
    : undefined;
}

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
