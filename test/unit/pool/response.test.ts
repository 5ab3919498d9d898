/** The response object on its own. */

import { expect, test } from 'vitest';
import { decodeRawHeaders } from '../../../src/actors/raw-headers.ts';
import {
  BufferedResponse,
  joinChunks,
  plainResponse,
  type ResponseParts,
} from '../../../src/pool/response.ts';

const PARTS: ResponseParts = {
  ref: 'r',
  status: 200,
  headers: { 'x-a': '1' },
  raw: [Buffer.from('X-A'), Buffer.from('1')],
  trailers: {},
  body: Buffer.from('{"a":"ä"}'),
  httpVersion: '1.1',
  url: 'http://peer.test/',
  upload: undefined,
  metrics: {
    queued: 0,
    dns: undefined,
    connect: undefined,
    tls: undefined,
    firstByte: 1,
    total: 2,
    bytesSent: 0,
    bytesReceived: 10,
    worker: 1,
    attempts: 1,
    redirects: 0,
    reusedConnection: false,
  },
};
const withBody = (body: Uint8Array): BufferedResponse => new BufferedResponse({ ...PARTS, body });

test('A1 decodes text and json at once, as UTF-8', () => {
  const response = new BufferedResponse(PARTS);
  expect(response.text()).toBe('{"a":"ä"}');
  expect(response.json()).toEqual({ a: 'ä' });
});

test('A1 drops a byte order mark and replaces what is not UTF-8', () => {
  expect(withBody(Buffer.from('\ufeff[1]')).json()).toEqual([1]);
  expect(withBody(Uint8Array.of(0x61, 0xff)).text()).toBe('a\ufffd');
});

test('A1 throws a SyntaxError from json, each time, for what is none', () => {
  const response = withBody(new Uint8Array(0));
  expect(() => response.json()).toThrow(SyntaxError);
  expect(() => response.json()).toThrow(SyntaxError);
  expect(response.text()).toBe('');
});

test('N12 keeps names and values in turn, in order and case, over HTTP/1.1', () => {
  const raw = ['X-B', '2', 'x-a', 'caf\u00e9', 'X-B', '3'].map((part) =>
    Buffer.from(part, 'latin1'),
  );
  const response = new BufferedResponse({ ...PARTS, raw });
  expect(response.rawHeaders).toEqual(['X-B', '2', 'x-a', 'caf\u00e9', 'X-B', '3']);
  expect(response.rawHeaders).toBe(response.rawHeaders);
});

test('N12 repeats a name for each of its values over HTTP/2', () => {
  const raw = { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] };
  expect(decodeRawHeaders(raw)).toEqual(['x-a', '1', 'set-cookie', 'a=1', 'set-cookie', 'b=2']);
  expect(decodeRawHeaders(undefined)).toEqual([]);
});

test('M7 is plain without its methods', () => {
  const plain = plainResponse(new BufferedResponse(PARTS));
  expect(structuredClone(plain)).toEqual({
    ...plain,
    rawHeaders: ['X-A', '1'],
    redirects: [],
    body: Uint8Array.from(PARTS.body),
  });
  expect('text' in plain || 'json' in plain || 'raw' in plain).toBe(false);
});

test('A1 joins chunks in order, and hands a single one over as it is', () => {
  const one = Buffer.from('a');
  expect(joinChunks([one])).toBe(one);
  expect(Buffer.from(joinChunks([one, Buffer.from('b'), one])).toString()).toBe('aba');
  expect(joinChunks([]).byteLength).toBe(0);
});
