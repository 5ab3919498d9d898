/** Every option, with what it takes and what it refuses; a new option is missing here at compile time. */

import { PassThrough } from 'node:stream';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { RequestError } from '../../../src/errors.ts';
import type { PoolOptions, RequestOptions } from '../../../src/options.ts';
import { resolvePool } from '../../../src/pool/validate-pool.ts';
import { resolveRequest } from '../../../src/pool/validate-request.ts';

interface Values {
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
}

const NO_TIMES = [0, -1, Number.NaN, Number.NEGATIVE_INFINITY, '1', null, true, 1n, {}, []];
const TIME: Values = { good: [1, 0.5, Number.POSITIVE_INFINITY], bad: NO_TIMES };
const FLAG: Values = { good: [true, false], bad: ['true', 1, 0, null, {}] };
const { port1 } = new MessageChannel();
port1.close();

const REQUEST: Readonly<Record<keyof RequestOptions, Values>> = {
  headers: { good: [{}, [], new Headers()], bad: ['a: b', null, 7, { 'a b': 'c' }, { a: '\n' }] },
  stream: FLAG,
  streamBody: FLAG,
  onCallerDeath: { good: ['finish', 'cancel'], bad: ['Finish', '', true, null] },
  window: { good: [1, 1.5, Number.POSITIVE_INFINITY], bad: [0.5, ...NO_TIMES] },
  timeout: TIME,
  connectTimeout: TIME,
  headersTimeout: TIME,
  idleTimeout: TIME,
  queueTimeout: TIME,
  tenant: { good: ['', 'acme', '__proto__', 'constructor'], bad: [7, null, {}, ['a'], true] },
  priority: {
    good: [0, -1, 0.5, 1e300, -0],
    bad: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '1', null, 1n, {}],
  },
  minThroughput: {
    good: [{ bytes: 1, interval: 1000 }],
    bad: [
      5,
      null,
      [],
      {},
      { bytes: 1 },
      { interval: 1 },
      { bytes: 0, interval: 1 },
      { bytes: 1, interval: Number.POSITIVE_INFINITY },
      { bytes: 1, interval: 1, more: 1 },
    ],
  },
  uploadBuffer: TIME,
  maxResponseBytes: TIME,
  method: {
    good: ['GET', 'post', 'PURGE', 'm-search'],
    bad: ['', 'GE T', 'GET\r\n', 'G\0', 'GET /', 'GÉT', 'CONNECT', 'connect', 7, null, {}],
  },
  body: {
    good: ['', 'text', new Uint8Array(1), new ArrayBuffer(1), ['a'], () => ['a'], new Blob(['a'])],
    bad: [7, true, {}, Promise.resolve('a'), Symbol('a'), 1n],
  },
  replyTo: {
    good: [() => {}, { send() {} }, port1],
    bad: [null, 7, 'f', {}, { send: 1 }, [], Promise.resolve(), new EventTarget()],
  },
  caller: {
    good: [new AbortController().signal, new PassThrough(), port1],
    bad: [null, 7, 'me', {}, [], () => {}, new AbortController(), new EventTarget(), { pid: 1 }],
  },
  signal: {
    good: [new AbortController().signal],
    bad: [null, {}, new AbortController(), new EventTarget(), 7],
  },
};

const RATE: Values = {
  good: [
    { limit: 1, interval: 1 },
    { limit: Number.POSITIVE_INFINITY, interval: 1 },
  ],
  bad: [
    5,
    null,
    [],
    new Map(),
    { limit: 1 },
    { interval: 1 },
    { limit: 0, interval: 1 },
    { limit: 1.5, interval: 1 },
    { limit: 1, interval: 0 },
    { limit: 1, interval: Number.POSITIVE_INFINITY },
    { limit: 1, interval: 1, strict: true },
  ],
};

const POOL: Readonly<Record<keyof PoolOptions, Values>> = {
  headers: REQUEST.headers,
  stream: REQUEST.stream,
  streamBody: REQUEST.streamBody,
  onCallerDeath: REQUEST.onCallerDeath,
  window: REQUEST.window,
  timeout: REQUEST.timeout,
  connectTimeout: REQUEST.connectTimeout,
  headersTimeout: REQUEST.headersTimeout,
  idleTimeout: REQUEST.idleTimeout,
  queueTimeout: REQUEST.queueTimeout,
  tenant: REQUEST.tenant,
  priority: REQUEST.priority,
  minThroughput: REQUEST.minThroughput,
  uploadBuffer: REQUEST.uploadBuffer,
  maxResponseBytes: REQUEST.maxResponseBytes,
  workers: { good: [1, 64], bad: [0, -1, 1.5, Number.POSITIVE_INFINITY, Number.NaN, '2', null] },
  isolation: { good: ['inline', 'thread'], bad: ['', 'process', true, null] },
  thread: {
    good: [{}, { name: 'api' }, { resourceLimits: {} }, { resourceLimits: { stackSizeMb: 4 } }],
    bad: [
      null,
      7,
      { name: '' },
      { name: 7 },
      { limits: {} },
      { resourceLimits: 64 },
      { resourceLimits: { maxOldGenerationSizeMb: 0 } },
      { resourceLimits: { maxHeap: 64 } },
    ],
  },
  wedgeTimeout: TIME,
  maxInFlight: { good: [1, Number.POSITIVE_INFINITY], bad: [0, -1, 1.5, Number.NaN, '1', null] },
  select: { good: ['affinity', 'least-busy', 'random'], bad: ['', 'first', () => 1, 1, null] },
  queueLimit: { good: [0, 1, Number.POSITIVE_INFINITY], bad: [-1, 1.5, Number.NaN, '1', null] },
  adaptive: { good: [false], bad: [null, 1, 'true', {}] },
  maxPerOrigin: {
    good: [1, 256, Number.POSITIVE_INFINITY],
    bad: [0, -1, 1.5, 257, Number.NaN, '1', null],
  },
  rate: RATE,
  originRate: RATE,
  tenants: {
    good: [
      {},
      { '': 1, a: 0.001, b: 1_000_000 },
      { a: { weight: 2 }, b: {}, c: { rate: { limit: 1, interval: 1 } } },
      JSON.parse('{"__proto__": 2, "constructor": 1}'),
      Object.assign(Object.create(null), { a: 1 }),
    ],
    bad: [
      null,
      7,
      ['a'],
      new Map([['a', 1]]),
      { a: 0 },
      { a: -1 },
      { a: 1e7 },
      { a: Number.NaN },
      { a: Number.POSITIVE_INFINITY },
      { a: '1' },
      { a: null },
      { a: { weight: 0 } },
      { a: { share: 1 } },
      { a: { rate: 5 } },
      { a: { rate: { limit: 0, interval: 1 } } },
      { a: JSON.parse('{"__proto__": {"weight": 2}}') },
    ],
  },
  maxRestarts: { good: [0, 1, Number.POSITIVE_INFINITY], bad: [-1, 1.5, Number.NaN, '1', null] },
  restartWindow: TIME,
  dispatcher: { good: [() => {}], bad: [{}, null, 'agent', true] },
};

/** Options without which another one would be a contradiction. */
const NEEDED: Readonly<Record<string, object>> = {
  window: { stream: true },
  body: { method: 'POST' },
  streamBody: { method: 'POST' },
};
const NEEDED_OF_POOL: typeof NEEDED = {
  thread: { isolation: 'thread' },
  wedgeTimeout: { isolation: 'thread' },
};

const defaults = resolvePool().defaults;
const url = 'http://example.test/';

function issuesOf(act: () => unknown): readonly string[] {
  try {
    act();
  } catch (error) {
    if (!(error instanceof RequestError) || error.code !== 'ERR_BAD_OPTIONS') throw error;
    return (error.issues ?? []).map(({ option }) => option);
  }
  return [];
}

function request(options: unknown, to: unknown = url) {
  return resolveRequest({ url: to, options, verb: undefined, scope: undefined }, defaults);
}

test('H1 reads an option once: what was checked is what is used', () => {
  const values = [100, -1];
  const options = Object.defineProperty({}, 'timeout', {
    get: () => values.shift(),
    enumerable: true,
  });
  const call = { url: 'http://peer.test/', options, verb: 'GET', scope: undefined } as const;
  expect(resolveRequest(call, resolvePool().defaults).timeoutMs).toBe(100);
});

test('H1 a key `__proto__` is an option like any other that is not known', () => {
  const options: object = JSON.parse('{"__proto__":{"timeout":1},"constructor":1}');
  const call = { url: 'http://peer.test/', options, verb: 'GET', scope: undefined } as const;
  expect(() => resolveRequest(call, resolvePool().defaults)).toThrow(
    /^bad options: __proto__: is not an option; .*constructor: is not an option; /,
  );
});

describe.each(Object.entries(REQUEST))('H1 the request option %s', (option, { good, bad }) => {
  test.each(good)('takes %s', (value) => {
    expect(issuesOf(() => request({ ...NEEDED[option], [option]: value }))).toEqual([]);
  });

  test.each(bad)('refuses %s', (value) => {
    const issues = issuesOf(() => request({ ...NEEDED[option], [option]: value }));
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(new RegExp(`^${option}(\\..+)?$`));
  });
});

describe.each(Object.entries(POOL))('P3 the pool option %s', (option, { good, bad }) => {
  test.each(good)('takes %s', (value) => {
    expect(issuesOf(() => resolvePool({ ...NEEDED_OF_POOL[option], [option]: value }))).toEqual([]);
  });

  test.each(bad)('refuses %s', (value) => {
    const issues = issuesOf(() => resolvePool({ ...NEEDED_OF_POOL[option], [option]: value }));
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(new RegExp(`^${option}(\\..+)?$`));
  });
});

test.each([null, 7, 'text', [], () => {}, Promise.resolve({})])(
  'H1 options given as %s are refused with what is wrong with the URL',
  (options) => {
    expect(issuesOf(() => request(options, 7))).toEqual(['options', 'url']);
  },
);

test('H1 all that is wrong with a request comes in one error', () => {
  const options = { method: 'A B', timeout: 0, nope: 1, headers: { 'x-a': '\r\n' }, body: 7 };
  const issues = issuesOf(() => request(options, 'ftp://example.test/'));
  expect([...issues].sort()).toEqual(['body', 'headers.x-a', 'method', 'nope', 'timeout', 'url']);
});

test('P3 all that is wrong with a pool comes in one error', () => {
  // Wrong on purpose.
  const options = { workers: 0, method: 'GET', timeout: -1, headers: { a: '\0' } } as PoolOptions;
  expect(issuesOf(() => resolvePool(options))).toEqual([
    'workers',
    'method',
    'timeout',
    'headers.a',
  ]);
  for (const given of [null, 7, [], 'text']) {
    expect(issuesOf(() => resolvePool(given as unknown as PoolOptions))).toEqual(['options']);
  }
});

test('P3 what a thread cannot have, and what only a thread has, is refused', () => {
  const dispatcher = (): never => {
    throw new Error('not called');
  };
  expect(() => resolvePool({ isolation: 'thread', dispatcher })).toThrow(
    "dispatcher: is a function, which cannot cross into a thread: use it with isolation 'inline'",
  );
  const inline: PoolOptions = { thread: { name: 'api' }, wedgeTimeout: 100 };
  expect(issuesOf(() => resolvePool(inline))).toEqual(['thread', 'wedgeTimeout']);
});

test('H1 a misspelt option is answered with the names that are known', () => {
  expect(() => request({ timout: 5 })).toThrow(/timout: is not an option; known are .*timeout/);
});

test.each([
  ['one piece', 1024 * 1024, true],
  ['many pieces', 1024 * 1024 + 1, false],
])('a text that goes in %s is kept once', (_how, length, asText) => {
  const { defaults } = resolvePool({});
  const body = 'x'.repeat(length);
  const call = { url: 'http://127.0.0.1/', options: { body }, verb: 'POST', scope: undefined };
  const { text, bytes, source } = resolveRequest(call, defaults);
  expect([text === body, bytes?.byteLength, source === undefined]).toEqual([
    asText,
    asText ? length : undefined,
    asText,
  ]);
});
