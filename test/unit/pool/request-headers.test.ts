import { expect, test } from 'vitest';
import type { OptionIssue } from '../../../src/errors.ts';
import { headerValue, resolveHeaders } from '../../../src/pool/request-headers.ts';

function resolve(given: unknown, defaults: readonly string[] = []) {
  const issues: OptionIssue[] = [];
  const list = resolveHeaders(given, defaults, issues);
  return { list, options: issues.map(({ option }) => option), issues };
}

test.each([
  ['a record', { Accept: 'text/plain', 'x-n': 3 }, ['Accept', 'text/plain', 'x-n', '3']],
  ['a list per name', { 'x-many': ['a', 'b'] }, ['x-many', 'a', 'x-many', 'b']],
  ['an absent value', { accept: undefined, 'x-a': '' }, ['x-a', '']],
  ['pairs', [['x-a', '1'] as const, ['x-a', '2'] as const], ['x-a', '1', 'x-a', '2']],
  ['a Map', new Map([['X-A', '1']]), ['X-A', '1']],
  ['Headers', new Headers({ 'X-A': '1' }), ['x-a', '1']],
  ['a record on no prototype', Object.assign(Object.create(null), { a: 'b' }), ['a', 'b']],
  ['obs-text and tabs', { 'x-a': 'caf\u00e9\tand more' }, ['x-a', 'caf\u00e9\tand more']],
  [
    'several cookies, which are one header',
    [['Cookie', 'a=1'] as const, ['x-a', 'cookie'] as const, ['cookie', 'b=2'] as const],
    ['Cookie', 'a=1; b=2', 'x-a', 'cookie'],
  ],
  ['a list of cookies', { cookie: ['a=1', 'b=2', 'c=3'] }, ['cookie', 'a=1; b=2; c=3']],
  ['a record with a symbol', { 'x-a': '1', [Symbol.iterator]: 'none' }, ['x-a', '1']],
  ['connection: close', { connection: 'close' }, ['connection', 'close']],
  ['te: trailers', { TE: 'trailers' }, ['TE', 'trailers']],
])('H1 headers may be given as %s', (_name, given, list) => {
  expect(resolve(given)).toEqual({ list, options: [], issues: [] });
});

test.each([
  ['a string', 'accept: text/plain'],
  ['null', null],
  ['a number', 7],
  ['a function', () => ({})],
  ['a flat list', ['accept', 'text/plain']],
  ['triples', [['a', 'b', 'c']]],
  ['a set of names', new Set(['accept'])],
])('H1 headers given as %s are a bad option', (_name, given) => {
  const { list, options } = resolve(given);
  expect(list).toEqual([]);
  expect(new Set(options)).toEqual(new Set(['headers']));
});

test.each([
  ['', 'x'],
  ['a b', 'x'],
  ['a:b', 'x'],
  [':path', '/x'],
  ['a\r\nb', 'x'],
  ['a\0', 'x'],
  ['n\u00e4me', 'x'],
])('N11 a name %j is no token, and the issue does not repeat it', (name, value) => {
  const { list, issues } = resolve({ [name]: value });
  expect(list).toEqual([]);
  expect(issues).toEqual([
    { option: 'headers', problem: 'has a name that is not a token of RFC 9110' },
  ]);
});

test.each(['a\rb', 'a\nb', 'a\r\nx-b: c', 'a\0b', '\x7f', '\x01', 'pri\u0107e', '\ud83d\ude00'])(
  'N11 a value %j is a bad option, and the issue does not repeat it',
  (value) => {
    const { list, issues, options } = resolve({ 'x-a': value });
    expect(list).toEqual([]);
    expect(options).toEqual(['headers.x-a']);
    expect(JSON.stringify(issues)).not.toContain(JSON.stringify(value).slice(1, -1));
    expect(resolve({ 'x-a': ['fine', value] }).options).toEqual(['headers.x-a']);
  },
);

test.each([
  ['true', true],
  ['null', null],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['an object', {}],
  ['a list in a list', [['a']]],
  ['bytes', new Uint8Array(2)],
])('H1 the value %s is a bad option', (_name, value) => {
  expect(resolve({ 'x-a': value }).options).toEqual(['headers.x-a']);
});

test.each([
  ['transfer-encoding', 'chunked'],
  ['Keep-Alive', 'timeout=5'],
  ['upgrade', 'websocket'],
  ['expect', '100-continue'],
  ['trailer', 'x-a'],
  ['proxy-connection', 'close'],
  ['http2-settings', 'AAMAAABk'],
  ['connection', 'upgrade'],
  ['te', 'gzip'],
  ['connection', ['close']],
])('N11 %s is not the caller’s to set', (name, value) => {
  const { list, options } = resolve({ [name]: value });
  expect(list).toEqual([]);
  expect(options).toEqual([`headers.${name}`]);
});

test.each(['content-length', 'host'])('N11 %s can be given only once, however it is', (name) => {
  const upper = name.toUpperCase();
  expect(resolve({ [name]: '3', [upper]: '3' }).options).toEqual([`headers.${upper}`]);
  expect(resolve({ [name]: ['3', '5'] }).options).toEqual([`headers.${name}`]);
  expect(
    resolve([
      [name, '3'],
      [name, '5'],
    ]).options,
  ).toEqual([`headers.${name}`]);
  expect(resolve({ [name]: ['3'] }).options).toEqual([]);
});

test('H1 everything that is wrong is reported', () => {
  const { options } = resolve({
    'a b': '1',
    'x-a': '\n',
    'x-b': {},
    te: 'trailers',
    upgrade: 'h2c',
  });
  expect(options).toEqual(['headers', 'headers.x-a', 'headers.x-b', 'headers.upgrade']);
});

test('a header of the request replaces the one of the pool, in any case', () => {
  const pool = ['Accept', 'a', 'X-Pool', '1'];
  expect(resolve({ accept: 'b' }, pool).list).toEqual(['X-Pool', '1', 'accept', 'b']);
  expect(resolve(undefined, pool).list).toBe(pool);
  expect(resolve({}, pool).list).toEqual(pool);
});

test('the value of a header is found in any case', () => {
  expect(headerValue(['Accept', 'a', 'ACCEPT', 'b'], 'accept')).toBe('a');
  expect(headerValue(['x-accept', 'accept'], 'accept')).toBeUndefined();
});
