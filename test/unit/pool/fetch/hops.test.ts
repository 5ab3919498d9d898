/** Redirects as the Fetch Standard has them. */

import { expect, test } from 'vitest';
import { type Hop, locationOf, nextHop } from '../../../../src/pool/fetch/hops.ts';

const BYTES = new Uint8Array([1]);
const FROM = new URL('http://one.test/a/b#part');

function hop(method: string, body?: Hop['body']): Hop {
  const headers = new Headers({
    'content-type': 'text/plain',
    authorization: 'secret',
    cookie: 'secret',
    'x-other': 'kept',
  });
  return { url: FROM, method, headers, body };
}

test('a location is resolved, and keeps the fragment where it has none', () => {
  const at = (location: string): string | undefined =>
    locationOf(302, new Headers({ location }), FROM)?.href;
  expect(at('c')).toBe('http://one.test/a/c#part');
  expect(at('//two.test/#own')).toBe('http://two.test/#own');
  expect(locationOf(302, new Headers(), FROM)).toBeUndefined();
  expect(locationOf(200, new Headers({ location: '/' }), FROM)).toBeUndefined();
  expect(locationOf(304, new Headers({ location: '/' }), FROM)).toBeUndefined();
  expect(() => at('http://')).toThrow(TypeError);
});

test.each([
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [303, 'HEAD', 'HEAD'],
  [301, 'PUT', 'PUT'],
  [302, 'DELETE', 'DELETE'],
  [307, 'POST', 'POST'],
  [308, 'PATCH', 'PATCH'],
])('a %i turns %s into %s', (status, method, expected) => {
  const next = nextHop(hop(method, BYTES), status, new URL('http://one.test/'));
  expect(next.method).toBe(expected);
  const keepsBody = expected === method;
  expect(next.body).toBe(keepsBody ? BYTES : undefined);
  expect(next.headers.has('content-type')).toBe(keepsBody);
});

test('what names the caller stays with its origin', () => {
  const same = nextHop(hop('GET'), 302, new URL('http://one.test/'));
  expect([...same.headers.keys()]).toContain('authorization');
  for (const url of ['http://two.test/', 'https://one.test/', 'http://one.test:81/']) {
    const next = nextHop(hop('GET'), 302, new URL(url));
    expect([...next.headers.keys()].toSorted()).toEqual(['content-type', 'x-other']);
  }
});

test('a stream is not sent twice, and no redirect leads away from http', () => {
  const stream = new ReadableStream<Uint8Array>();
  expect(() => nextHop(hop('POST', stream), 307, FROM)).toThrow(TypeError);
  expect(nextHop(hop('POST', stream), 303, FROM).body).toBeUndefined();
  expect(() => nextHop(hop('GET'), 302, new URL('file:///etc'))).toThrow(TypeError);
});
