import { expect, test } from 'vitest';
import { type BlockCommand, BlockTable, SharedBlocks } from '../../../src/actors/shared-blocks.ts';
import { BLOCK_BYTES, UploadBlocks } from '../../../src/actors/upload-blocks.ts';

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
  const copy = new UploadBlocks().copy(Buffer.from('a chunk'), 7, blocks.shelf);
  const block = copy && blocks.numberOf(copy);
  expect(block).toBe(0);
  const from = copy && copy.byteOffset + 2;
  expect(Buffer.from(table.bytes(0, from ?? 0, 5) ?? []).toString()).toBe('chunk');
});

test('the thread is told of a block once, however often it is used', () => {
  const { told, blocks } = pair();
  const loans = new UploadBlocks();
  for (const end of [1, 2, 3]) {
    loans.copy(Buffer.from('a'), end, blocks.shelf);
    loans.giveBack(end);
  }
  expect(told.map(([name, block]) => [name, block])).toEqual([['block', 0]]);
  expect(blocks.shelf.counts).toEqual({ lent: 0, free: 1 });
});

test('a block whose bytes may still be read is forgotten on both sides, and never lent again', () => {
  const { told, table, blocks } = pair();
  const loans = new UploadBlocks();
  const copy = loans.copy(Buffer.from('a'), 1, blocks.shelf);
  loans.drop();
  expect(told.at(-1)).toEqual(['forget', 0]);
  expect(table.bytes(0, 0, 1)).toBeUndefined();
  expect(copy && blocks.numberOf(copy)).toBeUndefined();
  expect(blocks.shelf.counts).toEqual({ lent: 0, free: 0 });
  const next = loans.copy(Buffer.from('b'), 1, blocks.shelf);
  expect(next && blocks.numberOf(next)).toBe(1);
});

test('there are 32 blocks at most, and none of them is the memory of anybody else', () => {
  const { told, blocks } = pair();
  const loans = new UploadBlocks();
  const bytes = Buffer.alloc(BLOCK_BYTES, 'a');
  const copies = Array.from({ length: 33 }, (_, index) =>
    loans.copy(bytes, index * BLOCK_BYTES, blocks.shelf),
  );
  expect(copies.filter((copy) => copy !== undefined)).toHaveLength(32);
  expect(told).toHaveLength(32);
  expect(blocks.numberOf(bytes)).toBeUndefined();
});
