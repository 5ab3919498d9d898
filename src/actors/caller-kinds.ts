/**
 * The kinds of callers and receivers, and how the death of each is seen: what to listen to, and
 * what tells that it has happened already (clause C1). Those that speak HTTP have a file of their own
 * (`actors/http-callers`); who watches whom is `caller-monitor`'s.
 */

import { ChildProcess } from 'node:child_process';
import { inspect } from 'node:util';
import { MessagePort, Worker } from 'node:worker_threads';
import type { CallerScope, WatchableActor } from '../options.ts';
import { type Attachment, closing, type Emitter } from './attachment.ts';
import { httpAttachment } from './http-callers.ts';

/** How a value is watched; `undefined` for one whose death cannot be observed. */
export function attachmentFor(value: unknown): Attachment | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof AbortSignal) return abortSignal(value);
  if (isScope(value)) return scope(value);
  if (value instanceof Worker) return emitter(value, 'exit', () => value.threadId === -1);
  if (value instanceof MessagePort) return messagePort(value);
  if (value instanceof ChildProcess) return emitter(value, 'exit', () => isProcessGone(value));
  if (isActor(value)) return actor(value);
  const overHttp = httpAttachment(value);
  if (overHttp !== undefined) return overHttp;
  return isStream(value) ? closing(value, () => isStreamComplete(value)) : undefined;
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

function actor(value: WatchableActor): Attachment {
  return {
    dead: () => isActorOver(value),
    attach: (died) => {
      const subscription = value.subscribe({ complete: died, error: died });
      return () => subscription.unsubscribe();
    },
  };
}

/**
 * Not every logic of XState says in its snapshot that it was stopped; its actor knows. One that is
 * stopped before it was started tells nobody, and may be started still: only who asks finds it dead.
 */
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
