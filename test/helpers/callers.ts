/**
 * One living caller of each kind that lives in this process (clause C1), and how it dies before it
 * was complete. Callers that belong to a server's request are in server-callers.
 */

import { spawn } from 'node:child_process';
import { EventEmitter, getEventListeners, once } from 'node:events';
import { Duplex, Readable, Writable } from 'node:stream';
import { MessageChannel, Worker } from 'node:worker_threads';
import { type AnyActor, createActor, createMachine, fromTransition } from 'xstate';
import type { Caller } from '../../src/index.ts';

export interface LivingCaller extends AsyncDisposable {
  readonly caller: Caller;
  /** Its death is under way when this returns; a listener hears of it now or soon. */
  die(): void;
  /** Listeners for its death, on all that tells it. */
  listeners(): number;
  /** How many of them one watched caller is worth: one on each object that tells. */
  readonly worth: number;
}

export type CallerKind = readonly [name: string, make: () => Promise<LivingCaller>];

export const LOCAL_CALLERS: readonly CallerKind[] = [
  ['an AbortSignal', async () => aborting()],
  ['an actor that is stopped', async () => stoppedActor()],
  ['an actor that is done', async () => doneActor()],
  ['an actor that errors', async () => failedActor()],
  ['a Worker', () => thread()],
  ['a MessagePort closed here', async () => port('here')],
  ['a MessagePort closed there', async () => port('there')],
  ['a ChildProcess', () => child()],
  ['a Readable', async () => stream(new Readable({ read: () => {} }))],
  ['a Writable', async () => stream(new Writable())],
  ['a Duplex', async () => stream(new Duplex({ read: () => {} }))],
];

/** Listeners for one event. */
export function listenersOf(target: EventEmitter | EventTarget, event: string): number {
  return target instanceof EventEmitter
    ? target.listenerCount(event)
    : getEventListeners(target, event).length;
}

function aborting(): LivingCaller {
  const controller = new AbortController();
  return {
    caller: controller.signal,
    die: () => controller.abort(new Error('left')),
    listeners: () => listenersOf(controller.signal, 'abort'),
    worth: 1,
    [Symbol.asyncDispose]: async () => {},
  };
}

function stoppedActor(): LivingCaller {
  const ref = createActor(fromTransition((state: object) => state, {}));
  return actor(ref, () => void ref.stop());
}

function doneActor(): LivingCaller {
  const ref = createActor(finishing);
  return actor(ref, () => ref.send({ type: 'end' }));
}

function failedActor(): LivingCaller {
  const fail = (): object => {
    throw new Error('the actor failed');
  };
  const ref = createActor(fromTransition(fail, {}));
  return actor(ref, () => ref.send({ type: 'end' }));
}

function actor(ref: AnyActor, die: () => void): LivingCaller {
  // Somebody of its own hears its errors; a root that nobody observes throws them uncaught.
  ref.subscribe({ error: () => {} });
  ref.start();
  return {
    caller: ref,
    die,
    listeners: () => {
      const observers: unknown = Reflect.get(ref, 'observers');
      return observers instanceof Set ? observers.size : 0;
    },
    worth: 1,
    [Symbol.asyncDispose]: async () => void ref.stop(),
  };
}

const finishing = createMachine({
  initial: 'on',
  states: { on: { on: { end: 'off' } }, off: { type: 'final' } },
});

async function thread(): Promise<LivingCaller> {
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
  await once(worker, 'online');
  return {
    caller: worker,
    die: () => void worker.terminate(),
    listeners: () => listenersOf(worker, 'exit'),
    worth: 1,
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}

function port(closed: 'here' | 'there'): LivingCaller {
  const { port1, port2 } = new MessageChannel();
  return {
    caller: port1,
    die: () => (closed === 'here' ? port1 : port2).close(),
    listeners: () => listenersOf(port1, 'close'),
    worth: 1,
    [Symbol.asyncDispose]: async () => port1.close(),
  };
}

async function child(): Promise<LivingCaller> {
  const sleeper = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: 'pipe' });
  await once(sleeper, 'spawn');
  const gone = once(sleeper, 'close');
  return {
    caller: sleeper,
    die: () => void sleeper.kill('SIGKILL'),
    listeners: () => listenersOf(sleeper, 'exit'),
    worth: 1,
    [Symbol.asyncDispose]: async () => {
      sleeper.kill('SIGKILL');
      await gone;
    },
  };
}

function stream(value: Readable | Writable): LivingCaller {
  return {
    caller: value,
    die: () => void value.destroy(),
    listeners: () => listenersOf(value, 'close'),
    worth: 1,
    [Symbol.asyncDispose]: async () => void value.destroy(),
  };
}
