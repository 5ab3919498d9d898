/** Delivery on its own: the window to the byte, what is held, what the end waits for. */

import { expect, test } from 'vitest';
import type { Message, TerminalMessage } from '../../../src/index.ts';
import { Delivery } from '../../../src/pool/delivery.ts';

const END = { type: 'done', ref: 'r', trailers: {}, upload: undefined } as TerminalMessage;

interface Bench {
  readonly delivery: Delivery;
  /** Everything that happened, in order: chunks as text, `pause`, `resume`, `held delivered`. */
  readonly log: string[];
}

function bench(windowBytes: number, onData: (delivery: Delivery, bytes: number) => void): Bench {
  const log: string[] = [];
  const delivery: Delivery = new Delivery(
    {
      ref: 'r',
      loops: 0,
      pauseReading: () => log.push('pause'),
      resumeReading: () => log.push('resume'),
      heldDelivered: () => log.push('held delivered'),
    },
    windowBytes,
    (message: Message) => {
      log.push(message.type === 'data' ? Buffer.from(message.chunk).toString() : message.type);
      if (message.type === 'data') onData(delivery, message.chunk.byteLength);
    },
  );
  return { delivery, log };
}

const idle = (): void => {};
const bytes = (text: string): Uint8Array => Buffer.from(text);

test('F1 delivers whole chunks up to the last byte of the window', () => {
  const { delivery, log } = bench(6, idle);
  delivery.data(bytes('abc'));
  delivery.data(bytes('def'));
  expect(log).toEqual(['abc', 'def']);
  expect(delivery.holds).toBe(false);
});

test('F2 splits a chunk at the credit, holds the rest and stops reading', () => {
  const { delivery, log } = bench(4, idle);
  delivery.data(bytes('abc'));
  delivery.data(bytes('def'));
  expect(log).toEqual(['abc', 'pause', 'd']);
  delivery.grant(1);
  expect(log.at(-1)).toBe('e');
  delivery.grant(1);
  expect(log.slice(3)).toEqual(['e', 'f', 'resume', 'held delivered']);
});

test('F2 holds a chunk whole when there is no credit at all', () => {
  const { delivery, log } = bench(3, idle);
  delivery.data(bytes('abc'));
  delivery.data(bytes('def'));
  expect(log).toEqual(['abc', 'pause']);
  expect(delivery.holds).toBe(true);
});

test('F2 keeps what still comes from a paused transport behind the held chunk, in order', () => {
  const { delivery, log } = bench(1, idle);
  delivery.data(bytes('abc'));
  delivery.data(bytes('def'));
  delivery.grant(3);
  expect(log).toEqual(['pause', 'a', 'bc', 'd']);
  delivery.grant(Number.POSITIVE_INFINITY);
  delivery.data(bytes('ghi'));
  expect(log.slice(4)).toEqual(['ef', 'resume', 'held delivered', 'ghi']);
});

test('F1 counts fractions of a byte and never delivers an empty chunk', () => {
  const { delivery, log } = bench(0.5, idle);
  delivery.data(bytes('ab'));
  expect(log).toEqual(['pause']);
  delivery.grant(0.5);
  expect(log).toEqual(['pause', 'a']);
});

test('F1 takes a grant of each byte from inside the receiver, without recursion', () => {
  const { delivery, log } = bench(1, (target, size) => target.grant(size));
  delivery.data(Buffer.alloc(200_000, 'x'));
  expect(log.length).toBe(200_003);
  expect(log.filter((entry) => entry === 'x').length).toBe(200_000);
  expect(log.slice(-2)).toEqual(['resume', 'held delivered']);
});

test('F1 counts a grant from inside the receiver after the byte it is for', () => {
  let inside = 0;
  const { delivery } = bench(10, (target, size) => {
    inside += 1;
    expect(inside).toBe(1);
    target.grant(size);
    inside -= 1;
  });
  delivery.data(Buffer.alloc(1000, 'x'));
  expect(delivery.holds).toBe(false);
});

test('F3 delivers the end without credit', () => {
  const { delivery, log } = bench(3, idle);
  delivery.data(bytes('abc'));
  delivery.end(END);
  expect(log).toEqual(['abc', 'done']);
});

test('F3 does nothing with credit granted after the end', () => {
  const { delivery, log } = bench(1, idle);
  delivery.data(bytes('abc'));
  delivery.end(END);
  delivery.grant(100);
  expect(log).toEqual(['pause', 'a', 'done']);
});

test('H3 delivers nothing after an end that the receiver brought about itself', () => {
  const { delivery, log } = bench(1, (target) => target.end(END));
  delivery.data(bytes('abc'));
  delivery.grant(100);
  expect(log).toEqual(['pause', 'a', 'done']);
});

test('F2 drops what is held and reads on for a receiver that is gone', () => {
  const { delivery, log } = bench(1, idle);
  delivery.data(bytes('abc'));
  delivery.mute();
  delivery.data(bytes('def'));
  delivery.grant(10);
  expect(log).toEqual(['pause', 'a', 'resume']);
  expect(delivery.paused).toBe(false);
});
