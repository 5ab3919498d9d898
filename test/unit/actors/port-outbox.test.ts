/** Parcels between threads: what is posted together, what is transferred, what is copied. */

import { expect, test } from 'vitest';
import {
  Outbox,
  type Parcel,
  ParcelBytes,
  type PostedBytes,
} from '../../../src/actors/port-outbox.ts';
import { settled } from '../../helpers/leaks.ts';

type Item = readonly [name: string, bytes?: PostedBytes];

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

/** Items of a parcel with their bytes as text. */
function open([items, packed]: Parcel<Item>): readonly string[] {
  const bytes = new ParcelBytes(packed);
  return items.map(([name, part]) => {
    return part === undefined ? name : `${name} ${Buffer.from(bytes.take(part))}`;
  });
}

test('what is added in one turn is posted once, in order, with its bytes', async () => {
  const { box, parcels } = outbox();
  const shared = Buffer.from('abcdefgh');
  box.add(['first']);
  box.add(['second', box.give(shared.subarray(0, 3))]);
  box.add(['third', box.copy(shared.subarray(3, 6))]);
  box.add(['empty', box.give(new Uint8Array(0))]);
  box.add(['fourth', box.give(shared.subarray(6))]);
  expect(parcels).toEqual([]);
  await settled(1);
  expect(parcels.map(open)).toEqual([['first', 'second abc', 'third def', 'empty ', 'fourth gh']]);
  box.add(['later']);
  await settled(1);
  expect(parcels.slice(1).map(open)).toEqual([['later']]);
  box.flush();
  expect(parcels).toHaveLength(2);
});

test('W5 bytes that fill a buffer of their own are transferred, all others are left alone', () => {
  const { box, parcels } = outbox();
  const whole = new Uint8Array(Buffer.from('whole'));
  const kept = new Uint8Array(Buffer.from('kept'));
  const part = new Uint8Array(Buffer.from('a part')).subarray(2);
  const pooled = Buffer.from('pooled');
  box.add(['1', box.give(whole)]);
  box.add(['2', box.copy(kept)]);
  box.add(['3', box.give(part)]);
  box.add(['4', box.give(pooled)]);
  box.flush();
  expect(parcels.map(open)).toEqual([['1 whole', '2 kept', '3 part', '4 pooled']]);
  expect([whole, kept, part, pooled].map(({ byteLength }) => byteLength)).toEqual([0, 4, 4, 6]);
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
