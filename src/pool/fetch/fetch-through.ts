/**
 * `fetch` of the WHATWG through a pool (contract, the table of calls): requests and responses are
 * the platform's own classes, the transport is the pool.
 *
 * Follows redirects and decodes bodies as the standard has it; there is no cache, there are no
 * cookies, no modes and no integrity. Invariant: each exchange that it begins is read to its end by
 * the reader of the body or here, or cancelled.
 */

import type { AsyncHandle } from '../../async-handle.ts';
import { badOptions, RequestError } from '../../errors.ts';
import type { StatusMessage } from '../../messages.ts';
import { http } from '../../node-http.ts';
import type { RequestOptionsWithUrl } from '../../options.ts';
import { type Hop, type HopBody, locationOf, MOST_HOPS, nextHop } from './hops.ts';
import { type BodyCalls, bodyStream } from './response-body.ts';

/** What fetching needs of a pool. */
export interface FetchCalls extends BodyCalls {
  request(options: RequestOptionsWithUrl): AsyncHandle;
}

/** Resolves with the response, as soon as its headers are there. */
export async function fetchThrough(
  calls: FetchCalls,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Promise<Response> {
  const request = new Request(input, init);
  if (request.integrity !== '') {
    const problem = 'is not checked by this fetch';
    throw failed(badOptions([{ option: 'integrity', problem }]));
  }
  request.signal.throwIfAborted();
  let hop = await firstHop(request, init);
  for (let hops = 0; ; hops += 1) {
    const answered = await send(calls, hop, request.signal);
    try {
      const arrived: Arrived = { ...answered, headers: headersOf(answered.head) };
      const location = request.redirect === 'manual' ? undefined : redirectOf(arrived, hop);
      if (location === undefined) return responseOf(calls, arrived, { hop, hops, request });
      if (request.redirect === 'error') throw new TypeError('fetch failed: redirected');
      if (hops === MOST_HOPS) throw failed(new RequestError('ERR_TOO_MANY_REDIRECTS'));
      hop = nextHop(hop, arrived.head.status, location);
      leave(calls, arrived);
    } catch (error) {
      // Nobody will read it.
      calls.cancel(answered.handle);
      throw error;
    }
  }
}

/** A response whose head is there. */
interface Answered {
  readonly handle: AsyncHandle;
  readonly head: StatusMessage;
}

interface Arrived extends Answered {
  readonly headers: Headers;
}

async function firstHop(request: Request, init: RequestInit | undefined): Promise<Hop> {
  const headers = new Headers(request.headers);
  if (!headers.has('accept')) headers.set('accept', '*/*');
  if (!headers.has('accept-encoding')) {
    headers.set('accept-encoding', headers.has('range') ? 'identity' : 'gzip, br');
  }
  const { method } = request;
  return { url: new URL(request.url), method, headers, body: await bodyOf(request, init) };
}

/** Bytes where the caller has given a body that is all there, so that it can be sent again. */
async function bodyOf(request: Request, init: RequestInit | undefined): Promise<HopBody> {
  if (request.body === null) return undefined;
  const isWhole =
    init?.body !== undefined &&
    init.body !== null &&
    (typeof init.body === 'string' || !(Symbol.asyncIterator in init.body));
  return isWhole ? new Uint8Array(await request.arrayBuffer()) : request.body;
}

async function send(calls: FetchCalls, hop: Hop, signal: AbortSignal): Promise<Answered> {
  const handle = begin(calls, hop, signal);
  const head = await calls.receive(handle);
  if (head?.type === 'status') return { handle, head };
  throw head?.type === 'error' ? reasonOf(head.error, signal) : new TypeError('fetch failed');
}

function begin(calls: FetchCalls, hop: Hop, signal: AbortSignal): AsyncHandle {
  const { url, method, headers, body } = hop;
  const options = { url, method, headers, signal, stream: true, streamBody: false };
  try {
    return calls.request(body === undefined ? options : { ...options, body });
  } catch (error) {
    throw failed(error);
  }
}

function headersOf(head: StatusMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(head.headers)) {
    for (const value of [values].flat()) headers.append(name, value);
  }
  return headers;
}

function redirectOf({ head, headers }: Arrived, { url }: Hop): URL | undefined {
  try {
    return locationOf(head.status, headers, url);
  } catch (cause) {
    throw new TypeError('fetch failed: a redirect to nowhere', { cause });
  }
}

function responseOf(
  calls: FetchCalls,
  { handle, head, headers }: Arrived,
  { hop, hops, request }: { hop: Hop; hops: number; request: Request },
): Response {
  const { status } = head;
  if (status < 200 || status > 599) {
    throw failed(new RangeError(`a Response cannot have the status ${status}`));
  }
  const hasBody = hop.method !== 'HEAD' && !BODYLESS.has(status);
  const encoding = headers.get('content-encoding');
  const failure = (error: unknown): unknown => reasonOf(error, request.signal, 'terminated');
  const body = hasBody ? bodyStream(calls, handle, { encoding, failure }) : null;
  // Its end is near, and nobody else will read it.
  if (!hasBody) void drain(calls, handle);
  const response = new Response(body, {
    status,
    statusText: http.STATUS_CODES[status] ?? '',
    headers,
  });
  const url = new URL(hop.url);
  url.hash = '';
  // What a constructed response cannot be told.
  Object.defineProperty(response, 'url', { value: url.href });
  Object.defineProperty(response, 'redirected', { value: hops > 0 });
  return response;
}

/** A short body costs less than a new connection. */
function leave(calls: FetchCalls, { handle, headers }: Arrived): void {
  const length = headers.get('content-length');
  if (length !== null && Number(length) <= SHORT_BYTES) void drain(calls, handle);
  else calls.cancel(handle);
}

async function drain(calls: FetchCalls, handle: AsyncHandle): Promise<void> {
  for (;;) {
    const message = await calls.receive(handle);
    if (message === undefined || message.type === 'done' || message.type === 'error') return;
  }
}

/** What a fetch rejects with: the reason of its signal, or a `TypeError` with the error as cause. */
function reasonOf(error: unknown, signal: AbortSignal, text = 'fetch failed'): unknown {
  return signal.aborted ? signal.reason : failed(error, text);
}

function failed(cause: unknown, text = 'fetch failed'): TypeError {
  return new TypeError(text, { cause });
}

const SHORT_BYTES = 64 * 1024;
/** Statuses that a `Response` may have no body with. */
const BODYLESS: ReadonlySet<number> = new Set([101, 204, 205, 304]);
