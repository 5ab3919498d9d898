import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as spool from '../../src/index.ts';

const VALUES = ['ERROR_CODES', 'RequestError', 'connectPool', 'createPool'];

const TYPES = [
  'AsyncHandle',
  'BodyChunk',
  'Caller',
  'CallerPool',
  'CallerScope',
  'ConnectedPool',
  'DataMessage',
  'DoneMessage',
  'ErrorCode',
  'ErrorMessage',
  'HandleCalls',
  'HttpVersion',
  'Message',
  'Metrics',
  'OptionIssue',
  'Phase',
  'PlainError',
  'PlainMessage',
  'PlainResponse',
  'Pool',
  'PoolLimits',
  'PoolOptions',
  'PoolResponse',
  'PoolStats',
  'RateLimit',
  'ReplyTo',
  'RequestBody',
  'RequestDefaults',
  'RequestHeaders',
  'RequestOptions',
  'RequestOptionsWithUrl',
  'RequestVerbs',
  'ResponseHeaders',
  'StatusMessage',
  'SyncRequestOptions',
  'SyncRequests',
  'SyncStream',
  'TenantOptions',
  'TerminalMessage',
  'UploadOutcome',
  'WatchableActor',
  'WorkerStats',
];

test('the package exports these values and no others', () => {
  expect(Object.keys(spool).sort()).toEqual(VALUES);
});

test('the package exports these types and no others', () => {
  const text = readFileSync(new URL('../../src/index.ts', import.meta.url), 'utf8');
  const names = [...text.matchAll(/^export type \{([^}]*)\}/gm)].flatMap(([, list = '']) =>
    list.split(',').map((name) => name.trim()),
  );
  expect(names.filter((name) => name !== '').sort()).toEqual(TYPES);
});

test('the package exports each name by itself, not by a star', () => {
  const text = readFileSync(new URL('../../src/index.ts', import.meta.url), 'utf8');
  expect(text).not.toMatch(/export\s+(type\s+)?\*/);
  expect(text).not.toMatch(/export\s+default/);
});

test('I4 importing the package leaves fetch and the global dispatcher as they were', async () => {
  const key = Symbol.for('undici.globalDispatcher.1');
  const before = { fetch: globalThis.fetch, dispatcher: Reflect.get(globalThis, key) };
  await import('../../src/index.ts');
  expect(globalThis.fetch).toBe(before.fetch);
  expect(Reflect.get(globalThis, key)).toBe(before.dispatcher);
});
