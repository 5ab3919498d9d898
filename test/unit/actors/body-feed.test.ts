/** How the bytes of an upload get to a sink that takes all it is given. */

import { expect, test } from 'vitest';
import type { BodySink } from '../../../src/actors/body-stream.ts';
import { BLOCK_BYTES, BlockShelf } from '../../../src/actors/upload-blocks.ts';
import { settled } from '../../helpers/leaks.ts';
import { uploadChannel } from '../../helpers/upload-channel.ts';

const REST_BYTES = 1024 * 1024;

function greedy(): BodySink & { readonly taken: number[]; readonly ended: boolean } {
  const sink = {
    heldBytes: 0,
    pieceBytes: REST_BYTES,
    taken: [] as number[],
    ended: false,
    accept: (bytes: Uint8Array) => {
      sink.taken.push(bytes.byteLength);
      return true;
    },
    acceptEnd: () => {
      sink.ended = true;
    },
  };
  return sink;
}

test('the event loop goes round between many bytes, and not before the end of the body', async () => {
  const { body } = uploadChannel(4 * REST_BYTES);
  const sink = greedy();
  body.attach(sink);
  body.pull();
  void body.write(new Uint8Array(REST_BYTES), true);
  void body.write(new Uint8Array(1), true);
  expect(sink.taken).toEqual([REST_BYTES]);
  await settled(2);
  expect(sink.taken).toEqual([REST_BYTES, 1]);
  void body.write(new Uint8Array(REST_BYTES - 1), true);
  body.finish();
  expect([sink.taken, sink.ended]).toEqual([[REST_BYTES, 1, REST_BYTES - 1], true]);
});

test('U1 keeps the order of chunks that are taken block by block', () => {
  const { body } = uploadChannel(1);
  const sent: string[] = [];
  const sink: BodySink = {
    heldBytes: 0,
    pieceBytes: BLOCK_BYTES,
    accept: (bytes) => {
      sent.push(Buffer.from(bytes).toString('latin1', 0, 1));
      // As a stream does that is read at once.
      body.pull();
      return true;
    },
    acceptEnd: () => void sent.push('end'),
  };
  body.attach(sink);
  for (const letter of 'abc') void body.write(Buffer.alloc(3 * BLOCK_BYTES, letter), false);
  void body.finish();
  body.pull();
  expect(sent.join(' ')).toBe('a a a b b b c c c end');
});

test('a large chunk needs the memory of one block where the system takes all at once', () => {
  let made = 0;
  const shelf = new BlockShelf({ make: () => Buffer.alloc(BLOCK_BYTES, ++made) });
  const { body } = uploadChannel(1);
  const sink = { ...greedy(), shelf, drainedBytes: 0 };
  sink.accept = (bytes) => {
    sink.drainedBytes += bytes.byteLength;
    return true;
  };
  body.attach(sink);
  body.pull();
  void body.write(Buffer.alloc(3 * BLOCK_BYTES), false);
  expect(sink.drainedBytes).toBe(3 * BLOCK_BYTES);
  expect(made).toBe(1);
});

test('U6 what is sent in one turn leaves in one piece, before the turn is over', async () => {
  const shelf = new BlockShelf({ make: () => Buffer.alloc(BLOCK_BYTES) });
  const { body } = uploadChannel(1_000_000);
  const sent: string[] = [];
  const sink = {
    ...greedy(),
    shelf,
    accept: (bytes: Uint8Array) => {
      sent.push(String(bytes));
      return true;
    },
    acceptEnd: () => void sent.push('end'),
  };
  body.attach(sink);
  body.pull();
  for (const letter of 'abc') {
    await body.write(Buffer.from(letter), false);
    await body.write(Buffer.from(letter.toUpperCase()), true);
  }
  expect(sent).toEqual([]);
  await new Promise((resolve) => process.nextTick(resolve));
  expect(sent).toEqual(['aAbBcC']);
  void body.write(Buffer.from('d'), false);
  body.finish();
  expect(sent).toEqual(['aAbBcC', 'd', 'end']);
});

test('U6 a piece that is full leaves at once', () => {
  const { body } = uploadChannel(4 * REST_BYTES);
  const sink = greedy();
  body.attach(sink);
  body.pull();
  void body.write(new Uint8Array(REST_BYTES - 1), true);
  expect(sink.taken).toEqual([]);
  void body.write(new Uint8Array(1), true);
  expect(sink.taken).toEqual([REST_BYTES - 1, 1]);
});
