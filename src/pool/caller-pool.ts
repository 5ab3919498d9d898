/**
 * A pool bound to one caller: a scope whose end is the death of whoever asked in it (clause C1).
 *
 * Invariants: the scope dies once, when it is disposed or when the caller it stands for dies; it
 * watches that caller only while an exchange of its own is watched. Many scopes may be made for one
 * caller, as one for each request that it asks for: they share its one listener.
 */

import { callerMonitor, isDead } from '../actors/caller-monitor.ts';
import type { AsyncHandle } from '../async-handle.ts';
import type { Caller, CallerScope, RequestOptions, RequestOptionsWithUrl } from '../options.ts';
import { callOf, NO_OPTIONS, type RequestCall } from './validate-request.ts';

/** The request verbs of a pool. */
export interface RequestVerbs {
  /** Asks for a request; see `Pool`. */
  request(options: RequestOptionsWithUrl): AsyncHandle;
  get(url: string | URL, options?: RequestOptions): AsyncHandle;
  head(url: string | URL, options?: RequestOptions): AsyncHandle;
  options(url: string | URL, options?: RequestOptions): AsyncHandle;
  post(url: string | URL, options?: RequestOptions): AsyncHandle;
  put(url: string | URL, options?: RequestOptions): AsyncHandle;
  patch(url: string | URL, options?: RequestOptions): AsyncHandle;
  delete(url: string | URL, options?: RequestOptions): AsyncHandle;
}

/** The same request verbs for one caller; disposing it is that caller's death. */
export interface CallerPool extends RequestVerbs, Disposable {
  /** The caller that its requests have; can be handed to `caller` elsewhere. */
  readonly scope: CallerScope;
}

type Launch = (call: RequestCall) => AsyncHandle;

/** A caller pool over `launch`, for a caller that may be given. */
export function createCallerPool(launch: Launch, caller: Caller | undefined): CallerPool {
  const scope = new Scope(caller);
  const verb =
    (name: string) =>
    (url: string | URL, options: RequestOptions = NO_OPTIONS) =>
      launch({ url, options, verb: name, scope });
  return {
    scope,
    request: (options) => launch(callOf(options, scope)),
    get: verb('GET'),
    head: verb('HEAD'),
    options: verb('OPTIONS'),
    post: verb('POST'),
    put: verb('PUT'),
    patch: verb('PATCH'),
    delete: verb('DELETE'),
    [Symbol.dispose]: () => scope.die(),
  };
}

class Scope implements CallerScope {
  readonly #caller: Caller | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #watcher = { callerDied: () => this.die() };
  #disposed = false;

  constructor(caller: Caller | undefined) {
    this.#caller = caller;
  }

  get dead(): boolean {
    return this.#disposed || (this.#caller !== undefined && isDead(this.#caller));
  }

  onDeath(listener: () => void): () => void {
    const isFirst = this.#listeners.size === 0;
    // Before its caller is watched, who may tell of a death at once.
    this.#listeners.add(listener);
    if (isFirst && this.#caller !== undefined) callerMonitor.watch(this.#caller, this.#watcher);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#caller === undefined) return;
      callerMonitor.unwatch(this.#caller, this.#watcher);
    };
  }

  die(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const listener of [...this.#listeners]) tell(listener);
  }
}

/** Each hears of it, whatever another throws: that goes where an `AbortSignal` would let it go. */
function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
