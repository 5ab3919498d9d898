/** Parcels between threads: what is posted together, what is transferred, what is copied. */

import { expect, test } from 'vitest';
import { Outbox, type Parcel, ParcelBytes } from '../../../src/actors/port-outbox.ts';
import { settled } from '../../helpers/leaks.ts';

type Item = readonly [name: string, withBytes?: boolean];

const MANY = 8 * 1024;

/** An outbox whose parcels arrive as a port would deliver them. */
function outbox() {
  const parcels: Parcel<Item>[] = [];
  const failures: unknown[] = [];
  const port = {
    postMessage: (value: unknown, transfer: readonly unknown[]) => {
      parcels.push(structuredClone(value, { transfer: [...transfer] as ArrayBuffer[] }) as never);
    },
  };
  return { parcels, failures, box: new Outbox<Item>(port, (error) => failures.push(error)) };
}

/** Items of a parcel with their bytes: as text, or how many. */
function open(parcel: Parcel<Item>): readonly string[] {
  const bytes = new ParcelBytes(parcel);
  return parcel[0].map(([name, withBytes]) => {
    if (withBytes !== true) return name;
    const part = bytes.take();
    return `${name} ${part.byteLength < 100 ? Buffer.from(part) : part.byteLength}`;
  });
}

test('what is added in one turn is posted once, in order, with its bytes', async () => {
  const { box, parcels } = outbox();
  const shared = Buffer.from('abcdefgh');
  const add = (name: string, bytes: Uint8Array): void => {
    box.give(bytes);
    box.add([name, true]);
  };
  box.add(['first']);
  add('second', shared.subarray(0, 3));
  add('many', new Uint8Array(MANY));
  add('empty', new Uint8Array(0));
  add('last', shared.subarray(6));
  expect(parcels).toEqual([]);
  await settled(1);
  expect(parcels.map(open)).toEqual([['first', 'second abc', `many ${MANY}`, 'empty ', 'last gh']]);
  box.add(['later']);
  await settled(1);
  expect(parcels.slice(1).map(open)).toEqual([['later']]);
  box.flush();
  expect(parcels).toHaveLength(2);
});

test('a parcel that stands for many bytes is to leave before the turn is over', async () => {
  const { box, parcels } = outbox();
  box.add(['lent']);
  expect([50, 13, 1, 14].map((kib) => box.weigh(kib * 1024))).toEqual([false, false, true, true]);
  expect(parcels).toEqual([]);
  box.flush();
  box.add(['next']);
  expect([box.weigh(50 * 1024), parcels.map(open)]).toEqual([false, [['lent']]]);
  await settled(1);
  expect(parcels.slice(1).map(open)).toEqual([['next']]);
});

test('an item that stands for many bytes is posted at once, one that is the last already not again', async () => {
  const { box, parcels } = outbox();
  const passed: Item = ['passed'];
  box.addWeighed(passed, 20 * 1024);
  box.addWeighed(passed, 20 * 1024);
  expect(parcels).toEqual([]);
  box.add(['head']);
  box.addWeighed(passed, 30 * 1024);
  expect(parcels.map(open)).toEqual([['passed', 'head', 'passed']]);
  box.addWeighed(passed, 20 * 1024);
  await settled(1);
  expect(parcels.slice(1).map(open)).toEqual([['passed']]);
});

test('W5 many bytes that fill a buffer of their own are transferred, others are left alone', () => {
  const { box, parcels } = outbox();
  const whole = new Uint8Array(MANY);
  const kept = new Uint8Array(MANY);
  const tail = new Uint8Array(2 * MANY).subarray(MANY);
  const few = new Uint8Array(10);
  for (const bytes of [whole, tail, few]) {
    box.give(bytes);
    box.add(['given', true]);
  }
  box.copy(kept);
  box.add(['copied', true]);
  box.flush();
  expect(parcels[0]?.[1]).toEqual([new Uint8Array(MANY), MANY, 10, MANY]);
  expect([whole, kept, tail, few].map(({ byteLength }) => byteLength)).toEqual([0, MANY, MANY, 10]);
});

test('W5 a read that nobody looks into any more is transferred with all its parts', () => {
  const { box, parcels } = outbox();
  const read = Buffer.alloc(3 * MANY, 'r');
  const parts = [read.subarray(5, MANY), read.subarray(MANY + 7)];
  const unfinished = Buffer.alloc(2 * MANY).subarray(0, MANY);
  for (const bytes of [...parts, unfinished]) {
    box.give(bytes, true);
    box.add(['part', true]);
  }
  box.flush();
  expect(parcels.map(open)).toEqual([[`part ${MANY - 5}`, `part ${2 * MANY - 7}`, `part ${MANY}`]]);
  expect([read.byteLength, unfinished.byteLength]).toEqual([0, MANY]);
  expect(parcels[0]?.[1].map((part) => typeof part)).toEqual(['object', 'object', 'number']);
});

test('W5 what node keeps for itself is copied', () => {
  const { box, parcels } = outbox();
  const pool = Buffer.from('pooled').buffer;
  box.give(new Uint8Array(pool), true);
  box.add(['pool', true]);
  box.flush();
  expect(parcels.map(open)).toEqual([[`pool ${pool.byteLength}`]]);
  expect(pool.byteLength).toBeGreaterThan(0);
});

test('a parcel that cannot be cloned is told, and the next one goes', () => {
  const { box, parcels, failures } = outbox();
  box.add([(() => {}) as unknown as string]);
  box.flush();
  expect(String(failures[0])).toContain('DataCloneError');
  box.add(['next']);
  box.flush();
  expect(parcels.map(open)).toEqual([['next']]);
});

test('items that are the last become one, which has their bytes', () => {
  const { box, parcels } = outbox();
  const head: Item = ['head'];
  const data: Item = ['data', true];
  box.add(['before']);
  box.add(head);
  box.give(Buffer.from('bytes'));
  box.add(data);
  expect(box.merge([head, data], ['whole', true])).toBe(true);
  box.flush();
  expect(parcels.map(open)).toEqual([['before', 'whole bytes']]);
});

test('items that are posted already, or followed by another, stay as they are', () => {
  const { box, parcels } = outbox();
  const head: Item = ['head'];
  box.add(head);
  box.flush();
  expect(box.merge([head], ['whole'])).toBe(false);
  box.add(head);
  box.add(['other']);
  expect(box.merge([head], ['whole'])).toBe(false);
  box.flush();
  expect(parcels.map(open)).toEqual([['head'], ['head', 'other']]);
});
