import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { RequestBody } from '../../../src/options.ts';
import { type BodyParts, resolveBody } from '../../../src/pool/request-body.ts';

/** The parts of a body; what is no body is refused in words, and here thrown. */
function partsOf(body: unknown): BodyParts {
  // Wrong kinds are handed over on purpose.
  const parts = resolveBody(body as RequestBody);
  if (typeof parts === 'string') throw new TypeError(parts);
  return parts;
}

async function textOf({ source }: BodyParts): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of source ?? []) {
    chunks.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString());
  }
  return chunks.join('');
}

const wide = new Uint8Array([0, 104, 105, 0]);

test.each([
  ['a string', 'h\u00ef', 'h\u00ef'],
  ['an empty string', '', ''],
  ['a Uint8Array', wide.subarray(1, 3), 'hi'],
  ['a DataView', new DataView(wide.buffer, 1, 2), 'hi'],
  ['a Uint16Array', new Uint16Array([0x6968]), 'hi'],
  ['an ArrayBuffer', wide.buffer.slice(1, 3), 'hi'],
])('a body of %s is bytes', (_name, body, text) => {
  const parts = partsOf(body);
  expect(Buffer.from(parts.bytes ?? []).toString()).toBe(text);
  expect(parts).toMatchObject({ source: undefined, contentType: undefined, length: undefined });
});

test('bytes are not copied', () => {
  expect(partsOf(wide).bytes?.buffer).toBe(wide.buffer);
});

test('URLSearchParams are bytes that say what they are', () => {
  const parts = partsOf(new URLSearchParams({ a: 'b c', d: '\u00e9' }));
  expect(Buffer.from(parts.bytes ?? []).toString()).toBe('a=b+c&d=%C3%A9');
  expect(parts.contentType).toBe('application/x-www-form-urlencoded;charset=UTF-8');
});

test('a Blob is a source of known length and type', async () => {
  const parts = partsOf(new Blob(['hi there'], { type: 'text/plain' }));
  expect(parts).toMatchObject({ bytes: undefined, contentType: 'text/plain', length: 8 });
  expect(await textOf(parts)).toBe('hi there');
  expect(partsOf(new Blob(['x'])).contentType).toBeUndefined();
});

test('FormData is a source in the form of its media type', async () => {
  const form = new FormData();
  form.append('field', 'value');
  form.append('file', new File(['inside'], 'name.txt', { type: 'text/plain' }));
  const parts = partsOf(form);
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(parts.contentType ?? '')?.[1];
  const text = await textOf(parts);
  expect(text.startsWith(`--${boundary}\r\n`)).toBe(true);
  expect(text.trimEnd().endsWith(`--${boundary}--`)).toBe(true);
  expect(text).toContain('name="field"\r\n\r\nvalue\r\n');
  expect(text).toContain('filename="name.txt"');
  expect(parts.length).toBe(Buffer.byteLength(text));
});

test.each([
  ['a list', () => ['a', 'b']],
  ['a Set', () => new Set(['a', 'b'])],
  [
    'a generator',
    () =>
      (function* () {
        yield 'a';
        yield 'b';
      })(),
  ],
  ['a Readable', () => Readable.from(['a', 'b'])],
  ['a ReadableStream', () => new Blob(['ab']).stream()],
  ['a function that makes a list', () => () => ['a', 'b']],
  ['a function that makes a stream', () => () => Readable.from(['a', 'b'])],
])('a body of %s is a source', async (_name, make) => {
  const parts = partsOf(make());
  expect(parts).toMatchObject({ bytes: undefined, contentType: undefined, length: undefined });
  expect(await textOf(parts)).toBe('ab');
});

test('a source is not touched before it is read', () => {
  const touched = () => {
    throw new Error('touched');
  };
  expect(() => partsOf(touched)).not.toThrow();
  expect(() => partsOf({ [Symbol.asyncIterator]: touched })).not.toThrow();
});

test.each([
  ['a number', 5],
  ['true', true],
  ['a bigint', 5n],
  ['a symbol', Symbol('x')],
  ['an object', { a: 1 }],
  ['a promise', Promise.resolve('text')],
  ['a date', new Date(0)],
  ['what only calls itself FormData', { [Symbol.toStringTag]: 'FormData' }],
])('H1 %s is no body', (_name, body) => {
  expect(() => partsOf(body)).toThrow(/^must be bytes, a string, .+, not /);
});

test('no body has no parts', () => {
  const nothing = {
    bytes: undefined,
    source: undefined,
    contentType: undefined,
    length: undefined,
  };
  expect(partsOf(undefined)).toEqual(nothing);
});
