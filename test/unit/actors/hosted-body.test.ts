/** The body of an exchange inside a worker's thread, read as a transport would. */

import { expect, test } from 'vitest';
import { HostedBody } from '../../../src/actors/hosted-body.ts';
import { BlockTable } from '../../../src/actors/shared-blocks.ts';
import { MarkPage, newMarks, SharedMark } from '../../../src/actors/shared-marks.ts';
import { BLOCK_MEMORY_BYTES, blockIn } from '../../../src/actors/upload-blocks.ts';
import { settled } from '../../helpers/leaks.ts';
import { readAll, take } from '../../helpers/upload-channel.ts';

const BLOCK = 3;

function hosted() {
  const { offer } = new SharedMark(new MarkPage(newMarks()), 0);
  const memory = new SharedArrayBuffer(BLOCK_MEMORY_BYTES);
  const blocks = new BlockTable();
  blocks.take(['block', BLOCK, memory]);
  const heard: (number | 'sent')[] = [];
  const body = new HostedBody(offer, blocks, {
    bodyProgressed: (bytes) => void (bytes > 0 && heard.push(bytes)),
    bodySent: () => heard.push('sent'),
  });
  const block = blockIn(memory);
  let from = 0;
  /** Offers this text, as the pool does; whether the body has to be told. */
  const put = (text: string): boolean => {
    block.write(text, from);
    from += text.length;
    return offer.put([BLOCK, block.byteOffset + from - text.length, text.length]);
  };
  return { offer, body, heard, put, stream: body.open() };
}

test('U6 finds by itself what was offered while it was busy, and else waits to be told', () => {
  const { body, heard, put, stream } = hosted();
  stream.read(0);
  expect(put('first ')).toBe(true);
  expect(heard).toEqual([]);
  body.offered();
  expect(put('second')).toBe(false);
  expect(heard).toEqual([6]);
  // It asks for more before it gives what it has.
  expect(take(stream)).toBe('first second');
  expect(put('third')).toBe(true);
  expect(heard).toEqual([6, 6]);
});

test('U2 leaves an offer where it is until the transport wants more', () => {
  const { offer, body, heard, put, stream } = hosted();
  stream.read(0);
  put('first');
  body.offered();
  put('second');
  body.offered();
  expect([heard, offer.take()?.[2]]).toEqual([[5], 6]);
});

test('U1 takes what was offered before what has come after it, and before the end', async () => {
  const posted = hosted();
  posted.put('first ');
  posted.body.add(Buffer.from('second'));
  posted.body.finish();
  expect(await readAll(posted.stream)).toBe('first second');
  const ended = hosted();
  ended.put('all');
  ended.body.finish();
  ended.body.finish();
  expect(await readAll(ended.stream)).toBe('all');
  expect([ended.heard, ended.body.sent, ended.body.bytesSent]).toEqual([[3, 'sent'], true, 3]);
});

test('U5 does not end a body that was cut, though its end had come', async () => {
  const { body, heard, stream } = hosted();
  body.add(Buffer.from('dropped'));
  body.finish();
  body.close();
  stream.resume();
  await settled(2);
  expect([heard, stream.readableEnded]).toEqual([[], false]);
});

test('X1 takes nothing any more once it is closed', () => {
  const { offer, body, heard, put, stream } = hosted();
  body.add(Buffer.from('dropped'));
  body.close();
  put('late');
  body.offered();
  body.add(Buffer.from('late'));
  body.finish();
  stream.read(0);
  expect([heard, offer.take()]).toEqual([[], [BLOCK, 2_048, 4]]);
});
