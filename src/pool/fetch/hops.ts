/**
 * What a redirect means for a fetch (the HTTP-redirect fetch of the Fetch Standard): pure decisions.
 *
 * Invariant: what names the caller to one origin is not sent to another.
 */

/** One request of a fetch; a redirect makes the next one of it. */
export interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: HopBody;
}

/** Bytes can be sent again, a stream once. */
export type HopBody = Uint8Array | ReadableStream<Uint8Array> | undefined;

/** Where a response sends the fetch; `undefined` where it is an answer itself. */
export function locationOf(status: number, headers: Headers, url: URL): URL | undefined {
  const location = headers.get('location');
  if (!REDIRECTS.has(status) || location === null) return undefined;
  const target = new URL(location, url);
  if (target.hash === '') target.hash = url.hash;
  return target;
}

/** The request after a redirect; throws a `TypeError` where the standard knows none. */
export function nextHop(hop: Hop, status: number, url: URL): Hop {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError('the redirect leads away from http and https');
  }
  const becomesGet =
    ((status === 301 || status === 302) && hop.method === 'POST') ||
    (status === 303 && hop.method !== 'GET' && hop.method !== 'HEAD');
  if (!becomesGet && hop.body instanceof ReadableStream) {
    throw new TypeError('the redirect asks for the body again, which is a stream');
  }
  const headers = new Headers(hop.headers);
  if (becomesGet) for (const name of OF_BODIES) headers.delete(name);
  if (url.origin !== hop.url.origin) for (const name of OF_CALLERS) headers.delete(name);
  if (becomesGet) return { url, method: 'GET', headers, body: undefined };
  return { ...hop, url, headers };
}

/** As the standard has it. */
export const MOST_HOPS = 20;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const OF_BODIES = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
];
const OF_CALLERS = ['authorization', 'cookie', 'proxy-authorization', 'host'];
