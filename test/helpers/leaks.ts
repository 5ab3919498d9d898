/**
 * What a test may leave behind, made countable: active resources, listeners, objects that should
 * be garbage, and warnings or rejections nobody handled. Nothing here sleeps; waiting means turns
 * of the event loop, bounded.
 *
 * `process.getActiveResourcesInfo` lists only what keeps the process alive: an unref'd timer or
 * socket is not in it.
 */

import { AssertionError } from 'node:assert';
import { EventEmitter, getEventListeners } from 'node:events';

/** Whose listeners to count. */
export interface Watched {
  readonly name: string;
  readonly target: EventEmitter | EventTarget;
  /** Required to count anything on an EventTarget other than these: abort, message, close, error. */
  readonly events?: readonly string[];
}

export interface ResourceSnapshot {
  /** Active resources by type, for example `TCPSocketWrap: 2`. */
  readonly resources: ReadonlyMap<string, number>;
  /** Listeners by `name:event`. */
  readonly listeners: ReadonlyMap<string, number>;
  readonly watched: readonly Watched[];
}

/** Types that come and go with the event loop itself or with reading files. */
const PASSING = new Set([
  'Immediate',
  'TickObject',
  'CloseReq',
  'FSReqCallback',
  'FSReqPromise',
  'FileHandleCloseReq',
]);

const EVENTS_OF_TARGETS = ['abort', 'message', 'close', 'error'] as const;

/** How long `expectNoLeaks` turns the loop before it believes in a leak. */
const PATIENCE_MS = 1000;

/** Counts active resources, and listeners of `process` and of what is `watched`. */
export function snapshotResources(watched: readonly Watched[] = []): ResourceSnapshot {
  const all: readonly Watched[] = [{ name: 'process', target: process }, ...watched];
  const listeners = new Map<string, number>();
  for (const { name, target, events } of all) {
    for (const event of events ?? eventsOf(target)) {
      const count = getEventListeners(target, event).length;
      if (count > 0) listeners.set(`${name}:${event}`, count);
    }
  }
  const resources = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    if (!PASSING.has(type)) resources.set(type, (resources.get(type) ?? 0) + 1);
  }
  return { resources, listeners, watched };
}

/** What there is more of in `after`, one line each. */
export function leaksBetween(before: ResourceSnapshot, after: ResourceSnapshot): string[] {
  return [...grown(before.resources, after.resources), ...grown(before.listeners, after.listeners)];
}

/** Waits, in turns of the loop, for everything counted to be back; throws naming what is not. */
export async function expectNoLeaks(
  before: ResourceSnapshot,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    await settled();
    const leaks = leaksBetween(before, snapshotResources(before.watched));
    if (leaks.length === 0) return;
    if (performance.now() > deadlineMs) {
      throw new AssertionError({ message: `left behind: ${leaks.join(', ')}` });
    }
  }
}

/** Some turns of the event loop: local events already under way are delivered. */
export async function settled(turns = 10): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

/** Collects garbage, and resolves after finalization callbacks of what was garbage have run. */
export async function gc(): Promise<void> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('garbage collection needs node --expose-gc');
  const finalized = Promise.withResolvers<void>();
  let seen = false;
  const registry = new FinalizationRegistry(() => {
    seen = true;
    finalized.resolve();
  });
  registry.register({}, undefined);
  for (let round = 0; round < 50 && !seen; round += 1) {
    // A macrotask first: objects a WeakRef was read from stay alive until the job has ended.
    await settled(1);
    collect();
  }
  await Promise.race([finalized.promise, settled(50)]);
  // Other registries have tasks of their own.
  await settled(3);
}

/** Whether garbage collection takes the object; gives up after some rounds. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  for (let round = 0; round < 10; round += 1) {
    await gc();
    if (ref.deref() === undefined) return true;
  }
  return false;
}

export interface Unhandled extends Disposable {
  readonly rejections: readonly unknown[];
  readonly exceptions: readonly unknown[];
  readonly warnings: readonly Error[];
}

/**
 * Records unhandled rejections, uncaught exceptions and process warnings until disposed. It takes
 * the place of all other listeners, which would fail the test run or print. They are
 * reported some turns late: `await settled()` before looking, and before disposing.
 */
export function collectUnhandled(): Unhandled {
  const rejections: unknown[] = [];
  const exceptions: unknown[] = [];
  const warnings: Error[] = [];
  const restores = [
    replaceListeners('unhandledRejection', (reason) => void rejections.push(reason)),
    replaceListeners('uncaughtException', (error) => void exceptions.push(error)),
    replaceListeners('warning', (warning) => {
      if (warning instanceof Error) warnings.push(warning);
    }),
  ];
  return {
    rejections,
    exceptions,
    warnings,
    [Symbol.dispose]: () => {
      for (const restore of restores) restore();
    },
  };
}

function replaceListeners(event: string, listener: (value: unknown) => void): () => void {
  // As an EventEmitter, because the overloads of `process` know no variable event names.
  const emitter: EventEmitter = process;
  const before = emitter.rawListeners(event);
  emitter.removeAllListeners(event);
  emitter.on(event, listener);
  return () => {
    emitter.off(event, listener);
    // `rawListeners` are functions; node types them as `Function`, which `on` does not take.
    for (const each of before) emitter.on(event, each as (...args: unknown[]) => void);
  };
}

function eventsOf(target: EventEmitter | EventTarget): readonly string[] {
  if (!(target instanceof EventEmitter)) return EVENTS_OF_TARGETS;
  return target.eventNames().filter((name) => typeof name === 'string');
}

function grown(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after]
    .filter(([key, count]) => count > (before.get(key) ?? 0))
    .map(([key, count]) => `${key} ${before.get(key) ?? 0} → ${count}`);
}
