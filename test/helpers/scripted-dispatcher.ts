/**
 * A transport without a network: each dispatch is handed to the test, which plays undici. It may
 * ignore a pause, answer before it returns, or report an end late, which real peers do only by
 * chance.
 */

import { Dispatcher } from 'undici';
import { Inbox } from './inbox.ts';

/** One dispatch, with undici's callbacks as verbs. */
export interface ScriptedDispatch {
  readonly options: Dispatcher.DispatchOptions;
  /** Whether the pool has asked to stop reading. */
  readonly paused: boolean;
  /** Whether the pool has aborted it. */
  readonly aborted: boolean;
  start(): void;
  head(status?: number, headers?: Record<string, string>): void;
  data(bytes: string | Uint8Array): void;
  end(trailers?: Record<string, string>): void;
  fail(error: Error): void;
  /** What undici's types forbid, and plain JavaScript does not. */
  say(words: (handler: LooseHandler) => void): void;
}

/** A handler that may be told anything. */
export interface LooseHandler {
  head(status: unknown, headers: unknown, rawHeaders?: unknown): void;
  data(chunk: unknown): void;
  end(trailers: unknown): void;
  fail(error: unknown): void;
}

export class ScriptedDispatcher extends Dispatcher {
  readonly #dispatches = new Inbox<ScriptedDispatch>();

  /** The next dispatch; not started. */
  next(): Promise<ScriptedDispatch> {
    return this.#dispatches.next();
  }

  /** The next dispatch, started. */
  async begun(): Promise<ScriptedDispatch> {
    const wire = await this.next();
    wire.start();
    return wire;
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    this.#dispatches.push(scripted(options, handler));
    return true;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {}
}

function scripted(
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): ScriptedDispatch {
  const state = { paused: false, aborted: false };
  const controller = {
    get paused() {
      return state.paused;
    },
    get aborted() {
      return state.aborted;
    },
    reason: null,
    rawHeaders: [] as Buffer[],
    rawTrailers: null,
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
    abort: () => {
      state.aborted = true;
    },
  };
  return {
    options,
    get paused() {
      return state.paused;
    },
    get aborted() {
      return state.aborted;
    },
    start: () => handler.onRequestStart?.(controller, {}),
    head: (status = 200, headers = {}) => {
      controller.rawHeaders = Object.entries(headers)
        .flat()
        .map((part) => Buffer.from(part));
      handler.onResponseStart?.(controller, status, headers);
    },
    data: (bytes) => handler.onResponseData?.(controller, Buffer.from(bytes)),
    end: (trailers = {}) => handler.onResponseEnd?.(controller, trailers),
    fail: (error) => handler.onResponseError?.(controller, error),
    say: (words) =>
      words({
        head: (status, headers, rawHeaders = []) => {
          controller.rawHeaders = rawHeaders as never;
          handler.onResponseStart?.(controller, status as never, headers as never);
        },
        data: (chunk) => handler.onResponseData?.(controller, chunk as never),
        end: (trailers) => handler.onResponseEnd?.(controller, trailers as never),
        fail: (error) => handler.onResponseError?.(controller, error as never),
      }),
  };
}
