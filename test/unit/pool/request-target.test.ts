import { expect, test } from 'vitest';
import type { OptionIssue } from '../../../src/errors.ts';
import { parseTarget } from '../../../src/pool/request-target.ts';

function parse(url: unknown) {
  const issues: OptionIssue[] = [];
  return { target: parseTarget(url, issues), issues };
}

test.each([
  ['http://example.test', 'http://example.test', '/'],
  ['http://example.test/a?', 'http://example.test', '/a'],
  ['HTTPS://Example.TEST:443/a/../b?c=d#e', 'https://example.test', '/b?c=d'],
  ['http://example.test:8080/%0d%0a?x', 'http://example.test:8080', '/%0d%0a?x'],
  ['http://[::1]:3000/a b', 'http://[::1]:3000', '/a%20b'],
  ['http://b\u00fccher.test/\u00fc', 'http://xn--bcher-kva.test', '/%C3%BC'],
])('H1 %s goes to %s', (url, origin, path) => {
  const target = { origin, path, url: origin + path, authorization: undefined };
  expect(parse(url)).toEqual({ target, issues: [] });
  expect(parse(new URL(url))).toEqual({ target, issues: [] });
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a number', 80],
  ['an object', { href: 'http://example.test/' }],
  ['a list', ['http://example.test/']],
  ['nothing', ''],
  ['a path', '/only/a/path'],
  ['a host', 'example.test'],
  ['no host', 'http://'],
  ['a port out of range', 'http://example.test:65536/'],
  ['ftp', 'ftp://example.test/'],
  ['ws', 'ws://example.test/'],
  ['file', 'file:///etc/passwd'],
  ['data', 'data:text/plain,hello'],
  ['javascript', 'javascript:alert(1)'],
  ['blob', 'blob:http://example.test/1'],
  ['a file URL object', new URL('file:///etc/passwd')],
])('H1 %s is no http or https URL', (_name, url) => {
  const { target, issues } = parse(url);
  expect(target).toBeUndefined();
  expect(issues.map(({ option }) => option)).toEqual(['url']);
});

test.each(['\r', '\n', '\r\nx-a: b', '\0', '\t', '\x7f'])(
  'N11 %j anywhere in a URL is a bad option, where the parser would drop it',
  (bad) => {
    for (const url of [
      `http://example.test/a${bad}b`,
      `http://exa${bad}mple.test/`,
      `${bad}http://a`,
    ]) {
      expect(parse(url).target).toBeUndefined();
      expect(parse(url).issues).toHaveLength(1);
    }
  },
);

test('S3 userinfo leaves the URL for a header', () => {
  const { target } = parse('http://us%65r:p%40ss:w@example.test/a');
  expect(target?.url).toBe('http://example.test/a');
  expect(target?.origin).toBe('http://example.test');
  expect(target?.authorization).toBe(`Basic ${Buffer.from('user:p@ss:w').toString('base64')}`);
});

test('S3 userinfo may hold any UTF-8, and what is not encoded well is taken as it stands', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const authorization = (url: string) => parse(url).target?.authorization;
  expect(authorization('http://k%C3%B6nig@a.test')).toBe(basic('k\u00f6nig:'));
  expect(authorization('http://:only@a.test')).toBe(basic(':only'));
  expect(authorization('http://100%:%ff@a.test')).toBe(basic('100%:%ff'));
});

test.each([
  'user:hunter2@example.test/path?token=hunter2',
  'hunter2:x@example.test',
  'ftp://user:hunter2@example.test/?token=hunter2',
  'http://user:hunter2@:80/?token=hunter2',
  'http://user:hunter2@example.test:99999/',
  'http://user:hunter2@example.test/\n',
])('S3 the issue with %j repeats nothing of it', (url) => {
  const { target, issues } = parse(url);
  expect(target).toBeUndefined();
  expect(JSON.stringify(issues)).not.toMatch(/hunter2|user|token/);
});
