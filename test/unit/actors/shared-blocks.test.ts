import { expect, test } from 'vitest';
import { BlockLoans } from '../../../src/actors/block-loans.ts';
import { type BlockCommand, BlockTable, SharedBlocks } from '../../../src/actors/shared-blocks.ts';
import { BLOCK_BYTES } from '../../../src/actors/upload-blocks.ts';

function pair() {
  const told: BlockCommand[] = [];
  const table = new BlockTable();
  const blocks = new SharedBlocks((command) => {
    told.push(command);
    table.take(command);
  });
  return { told, table, blocks };
}

test('a copy in a block is read in the thread, without having been posted', () => {
  const { table, blocks } = pair();
  const copy = lentCopy(new BlockLoans(), blocks, 'a chunk');
  expect(blocks.find(copy)).toEqual({ number: 0, isKnown: false });
  expect(Buffer.from(table.bytes([0, copy.byteOffset + 2, 5]) ?? []).toString()).toBe('chunk');
});

test('the thread is told of a block once, however often it is used', () => {
  const { told, blocks } = pair();
  const loans = new BlockLoans();
  for (const end of [1, 2, 3]) {
    lentCopy(loans, blocks, 'a', end - 1);
    loans.giveBack(end);
  }
  expect(told.map(([name, block]) => [name, block])).toEqual([['block', 0]]);
  expect(blocks.shelf.counts).toEqual({ lent: 0, free: 1 });
});

test('a block whose bytes may still be read is forgotten on both sides, and never lent again', () => {
  const { told, table, blocks } = pair();
  const loans = new BlockLoans();
  const copy = lentCopy(loans, blocks, 'a');
  loans.drop();
  expect(told.at(-1)).toEqual(['forget', 0]);
  expect(table.bytes([0, 0, 1])).toBeUndefined();
  expect(blocks.find(copy)).toBeUndefined();
  expect(blocks.shelf.counts).toEqual({ lent: 0, free: 0 });
  expect(blocks.find(lentCopy(loans, blocks, 'b'))?.number).toBe(1);
});

test('there are 16 blocks at most, and none of them is the memory of anybody else', () => {
  const { told, blocks } = pair();
  const loans = new BlockLoans();
  const lent = Array.from({ length: 17 }, () => loans.borrow(blocks.shelf));
  expect(lent.filter((isLent) => isLent)).toHaveLength(16);
  expect(told).toHaveLength(16);
  expect(blocks.find(Buffer.alloc(BLOCK_BYTES, 'a'))).toBeUndefined();
});

function lentCopy(loans: BlockLoans, blocks: SharedBlocks, text: string, position = 0): Uint8Array {
  loans.borrow(blocks.shelf);
  loans.fill(Buffer.from(text), position);
  return loans.next(Number.POSITIVE_INFINITY);
}
