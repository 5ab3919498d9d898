/**
 * The calls of a handle over any kind of exchanges: each is checked once here and passed on.
 *
 * Shared by the pool and by what is connected to it from another thread: what differs between them
 * is only where the records behind the handles do their work. Misuse throws here, at the call; a
 * failure of the world is a message later.
 */

import { isWatchable } from '../actors/caller-monitor.ts';
import { chunkBytes } from '../actors/chunk-bytes.ts';
import type { AsyncHandle } from '../async-handle.ts';
import { badOptions } from '../errors.ts';
import type { Message, PoolResponse } from '../messages.ts';
import type { BodyChunk, Caller, RequestOptions, RequestOptionsWithUrl } from '../options.ts';
import { awaitResponse, receiveMessage, UNTIL_THE_END } from './awaiting.ts';
import { type CallerPool, createCallerPool } from './caller-pool.ts';
import { fetchThrough } from './fetch/fetch-through.ts';
import type { FinishOptions, HandleCalls } from './handle-calls.ts';
import type { HandleRecord } from './handle-record.ts';
import { MessageLoop } from './message-loop.ts';
import { abortSignal, type Check, checkedCall, positive, show, zeroOrMore } from './validate.ts';
import { callOf, NO_OPTIONS, type RequestCall } from './validate-request.ts';

/** Where requests go and handles are looked up. */
export interface Exchanges {
  request(call: RequestCall): AsyncHandle;
  readonly handles: {
    open(handle: AsyncHandle): HandleRecord;
    find(handle: unknown): HandleRecord | undefined;
    byRef(ref: unknown): AsyncHandle;
  };
}

/** The calls over any kind of exchanges. */
export class CheckedCalls implements HandleCalls {
  readonly #exchanges: Exchanges;
  readonly #handles: Exchanges['handles'];

  constructor(exchanges: Exchanges) {
    this.#exchanges = exchanges;
    this.#handles = exchanges.handles;
  }

  request(options: RequestOptionsWithUrl): AsyncHandle {
    return this.#exchanges.request(callOf(options, undefined));
  }

  get(url: string | URL, options: RequestOptions = NO_OPTIONS): AsyncHandle {
    return this.#exchanges.request({ url, options, verb: 'GET', scope: undefined });
  }

  head(url: string | URL, options: RequestOptions = NO_OPTIONS): AsyncHandle {
    return this.#exchanges.request({ url, options, verb: 'HEAD', scope: undefined });
  }

  options(url: string | URL, options: RequestOptions = NO_OPTIONS): AsyncHandle {
    return this.#exchanges.request({ url, options, verb: 'OPTIONS', scope: undefined });
  }

  post(url: string | URL, options: RequestOptions = NO_OPTIONS): AsyncHandle {
    return this.#exchanges.request({ url, options, verb: 'POST', scope: undefined });
  }

  put(url: string | URL, options: RequestOptions = NO_OPTIONS): AsyncHandle {
    return this.#exchanges.request({ url, options, verb: 'PUT', scope: undefined });
  }

  patch(url: string | URL, options: RequestOptions = NO_OPTIONS): AsyncHandle {
    return this.#exchanges.request({ url, options, verb: 'PATCH', scope: undefined });
  }

  delete(url: string | URL, options: RequestOptions = NO_OPTIONS): AsyncHandle {
    return this.#exchanges.request({ url, options, verb: 'DELETE', scope: undefined });
  }

  // Not `async`: that would put a second promise around each response.
  await(
    handle: AsyncHandle,
    options: {
      readonly timeout?: number | undefined;
      readonly signal?: AbortSignal | undefined;
    } = NO_OPTIONS,
  ): Promise<PoolResponse> {
    try {
      const flight = this.#handles.open(handle);
      if (options === NO_OPTIONS) return awaitResponse(handle, flight, UNTIL_THE_END);
      const { timeout = Number.POSITIVE_INFINITY, signal } = checkedCall(options, AWAIT_CHECKS);
      return awaitResponse(handle, flight, { timeoutMs: timeout, signal });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  messages(handle: AsyncHandle): AsyncIterableIterator<Message, undefined, undefined> {
    return new MessageLoop(handle, readable(this.#handles.open(handle)));
  }

  async receive(
    handle: AsyncHandle,
    options: { readonly timeout?: number | undefined } = NO_OPTIONS,
  ): Promise<Message | undefined> {
    const flight = readable(this.#handles.open(handle));
    const { timeout = Number.POSITIVE_INFINITY } = checkedCall(options, RECEIVE_CHECKS);
    return receiveMessage(handle, flight, { timeoutMs: timeout, signal: undefined });
  }

  sendBody(handle: AsyncHandle, chunk: BodyChunk): Promise<boolean> {
    try {
      const flight = this.#handles.open(handle);
      const taken = chunkBytes(chunk);
      if (taken === undefined) {
        const problem = `must be a string, a Uint8Array, an ArrayBuffer or a view of one that still has its memory, not ${show(chunk)}`;
        throw badOptions([{ option: 'chunk', problem }]);
      }
      return flight.sendBody(taken.bytes, taken.owned);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async finishBody(handle: AsyncHandle, options: FinishOptions = NO_OPTIONS): Promise<boolean> {
    const flight = this.#handles.open(handle);
    checkedCall(options, FINISH_CHECKS);
    return flight.finishBody();
  }

  cancel(handle: AsyncHandle, reason?: unknown): void {
    this.#handles.find(handle)?.stop('ERR_CANCELLED', reason);
  }

  updateFlow(handle: AsyncHandle, bytes: number): void {
    const problem = positive(bytes);
    if (problem !== undefined) throw badOptions([{ option: 'bytes', problem }]);
    this.#handles.find(handle)?.grant(bytes);
  }

  handle(ref: string): AsyncHandle {
    return this.#handles.byRef(ref);
  }

  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    return fetchThrough(this, input, init);
  }

  withCaller(caller?: Caller): CallerPool {
    if (caller !== undefined && !isWatchable(caller)) {
      const problem = `must be something whose death can be observed, not ${show(caller)}`;
      throw badOptions([{ option: 'caller', problem }]);
    }
    return createCallerPool((call) => this.#exchanges.request(call), caller);
  }
}

/** The same record; throws where its messages are not for a mailbox here. */
export function readable(flight: HandleRecord): HandleRecord {
  if (flight.request.replyTo === undefined) return flight;
  const problem =
    'the messages of this exchange go to its replyTo or to another thread, not to a mailbox here';
  throw badOptions([{ option: 'handle', problem }]);
}

const AWAIT_CHECKS: Readonly<Record<string, Check>> = { timeout: positive, signal: abortSignal };
const RECEIVE_CHECKS: Readonly<Record<string, Check>> = { timeout: zeroOrMore };
const FINISH_CHECKS: Readonly<Record<string, Check>> = {
  trailers: () => 'cannot be sent: the transport has no request trailers (undici 8)',
};
