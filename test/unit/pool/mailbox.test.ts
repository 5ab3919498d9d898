/** The mailbox on its own: order, credit, its end. */

import { expect, test } from 'vitest';
import type { Message } from '../../../src/index.ts';
import { Mailbox } from '../../../src/pool/mailbox.ts';

const METRICS = {
  queued: 0,
  dns: undefined,
  connect: undefined,
  tls: undefined,
  firstByte: undefined,
  total: 0,
  bytesSent: 0,
  bytesReceived: 0,
  worker: undefined,
  attempts: 0,
  redirects: 0,
  reusedConnection: undefined,
} as const;
const DONE: Message = { type: 'done', ref: 'r', trailers: {}, upload: undefined, metrics: METRICS };
const STATUS: Message = {
  type: 'status',
  ref: 'r',
  status: 200,
  headers: {},
  rawHeaders: [],
  httpVersion: '1.1',
};
const data = (text: string): Message => ({ type: 'data', ref: 'r', chunk: Buffer.from(text) });

function mailbox(): { readonly box: Mailbox; readonly credits: number[] } {
  const credits: number[] = [];
  return { box: new Mailbox((bytes) => credits.push(bytes)), credits };
}

test('M1 gives messages in the order they came, each once', () => {
  const { box } = mailbox();
  const sent = [STATUS, data('a'), data('b'), DONE];
  for (const message of sent) box.put(message);
  expect([box.poll(), box.poll(), box.poll(), box.poll()]).toEqual(sent);
  expect(box.poll()).toBeUndefined();
});

test('M1 keeps the order through a long backlog read in between', () => {
  const { box } = mailbox();
  const read: (Message | undefined)[] = [];
  const sent = Array.from({ length: 2000 }, (_, index) => data(String(index)));
  for (const [index, message] of sent.entries()) {
    box.put(message);
    if (index % 3 === 0) read.push(box.poll());
  }
  for (let next = box.poll(); next !== undefined; next = box.poll()) read.push(next);
  expect(read).toEqual(sent);
});

test('M1 serves waiting readers first come, first served', () => {
  const { box } = mailbox();
  const seen: string[] = [];
  box.read((message) => seen.push(`1 ${message?.type}`));
  box.read((message) => seen.push(`2 ${message?.type}`));
  box.put(STATUS);
  box.put(DONE);
  expect(seen).toEqual(['1 status', '2 done']);
});

test('M1 gives a message to its reader before credit brings the next one', () => {
  const seen: string[] = [];
  const box: Mailbox = new Mailbox(() => box.put(DONE));
  box.read((message) => seen.push(`1 ${message?.type}`));
  box.read((message) => seen.push(`2 ${message?.type}`));
  box.put(data('a'));
  expect(seen).toEqual(['1 data', '2 done']);
});

test('M1 forgets a reader that gave up and gives its message to the next', () => {
  const { box } = mailbox();
  const seen: string[] = [];
  const first = (): void => void seen.push('first');
  box.read(first);
  box.read(() => seen.push('second'));
  box.forget(first);
  box.forget(first);
  box.put(STATUS);
  expect(seen).toEqual(['second']);
});

test('M5 releases every waiting reader at the end, and every later one at once', () => {
  const { box } = mailbox();
  const seen: (string | undefined)[] = [];
  for (let reader = 0; reader < 3; reader += 1) box.read((message) => seen.push(message?.type));
  box.put(DONE);
  box.read((message) => seen.push(message?.type));
  expect(seen).toEqual(['done', undefined, undefined, undefined]);
  expect(box.finished).toBe(true);
  expect(box.hasReaders).toBe(false);
});

test('F1 returns the credit of a chunk when it is read, and only then', () => {
  const { box, credits } = mailbox();
  box.put(data('abc'));
  box.put(data('de'));
  expect(credits).toEqual([]);
  box.poll();
  expect(credits).toEqual([3]);
  box.read(() => {});
  expect(credits).toEqual([3, 2]);
  box.read(() => {});
  box.put(data('f'));
  expect(credits).toEqual([3, 2, 1]);
});

test('A1 takes out unread data and leaves status and end', () => {
  const { box, credits } = mailbox();
  for (const message of [STATUS, data('a'), data('b'), DONE]) box.put(message);
  expect(Buffer.concat(box.takeData()).toString()).toBe('ab');
  expect(box.takeData()).toEqual([]);
  expect([box.poll()?.type, box.poll()?.type, box.poll()]).toEqual(['status', 'done', undefined]);
  expect(credits).toEqual([]);
});
