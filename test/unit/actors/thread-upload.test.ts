/** How an upload gets to a thread: what goes there together, and what nobody has to copy. */

import { expect, test } from 'vitest';
import { Outbox, type Parcel } from '../../../src/actors/port-outbox.ts';
import { SharedBlocks } from '../../../src/actors/shared-blocks.ts';
import { MarkPage, newMarks, SharedMark } from '../../../src/actors/shared-marks.ts';
import type { ThreadCommand } from '../../../src/actors/thread-protocol.ts';
import { ThreadUpload } from '../../../src/actors/thread-upload.ts';
import { BLOCK_BYTES } from '../../../src/actors/upload-blocks.ts';
import { uploadChannel } from '../../helpers/upload-channel.ts';

function started() {
  const parcels: string[][] = [];
  const outbox = new Outbox<ThreadCommand>(
    {
      postMessage: (value: unknown) => {
        const [items] = value as Parcel<ThreadCommand>;
        parcels.push(items.map((item) => (item[0] === 'lent' ? `lent ${item[2][2]}` : item[0])));
      },
    },
    (error) => expect.unreachable(String(error)),
  );
  const { body } = uploadChannel(BLOCK_BYTES);
  const mark = new SharedMark(new MarkPage(newMarks()), 0);
  const blocks = new SharedBlocks((command) => outbox.add(command));
  const upload = new ThreadUpload({ id: 0, mark, outbox, blocks }, body);
  upload.drains = true;
  upload.started();
  return { parcels, body, mark, upload };
}

test('U6 chunks of one turn go to the thread as one piece of shared memory', async () => {
  const { parcels, body } = started();
  for (let sent = 0; sent < 3; sent += 1) void body.write(Buffer.alloc(30_000), false);
  await new Promise((resolve) => process.nextTick(resolve));
  await Promise.resolve();
  expect(parcels).toEqual([['block', 'lent 90000']]);
});

test('U2 a full piece goes before the turn is over, and the next when there is room', async () => {
  const { parcels, body, mark, upload } = started();
  void body.write(Buffer.alloc(BLOCK_BYTES), false);
  const next = body.write(Buffer.alloc(100_000), false);
  await Promise.resolve();
  expect(parcels).toEqual([['block', `lent ${BLOCK_BYTES}`]]);
  mark.notePassed(BLOCK_BYTES);
  upload.passed();
  expect(await next).toBe(true);
  expect(parcels.slice(1)).toEqual([['block', 'lent 100000']]);
});

test('U7 the end goes with the last bytes: a peer that counts may answer them at once', async () => {
  const { parcels, body } = started();
  void body.write(Buffer.alloc(100_000), false);
  body.finish();
  await Promise.resolve();
  expect(parcels).toEqual([['block', 'lent 100000', 'finish']]);
});

/** With a block that the thread knows, and all that was in it taken. */
async function warm() {
  const all = started();
  const { parcels, body, mark, upload } = all;
  void body.write(Buffer.alloc(BLOCK_BYTES), false);
  await Promise.resolve();
  mark.notePassed(BLOCK_BYTES);
  mark.noteDrained(BLOCK_BYTES);
  upload.passed();
  parcels.length = 0;
  return all;
}

test('U6 a thread that is busy is offered the next piece, and not told', async () => {
  const { parcels, body, mark } = await warm();
  void body.write(Buffer.alloc(BLOCK_BYTES), false);
  await Promise.resolve();
  expect([parcels, mark.offer.take()?.[2]]).toEqual([[], BLOCK_BYTES]);
});

test('U6 a thread that waits for the next piece is told of it', async () => {
  const { parcels, body, mark } = await warm();
  expect(mark.offer.takeOrAwait()).toBeUndefined();
  void body.write(Buffer.alloc(BLOCK_BYTES), false);
  await Promise.resolve();
  expect([parcels, mark.offer.take()?.[2]]).toEqual([[['offered']], BLOCK_BYTES]);
});

test('U1 what comes behind a piece that is not taken is posted, the piece is not', async () => {
  const { parcels, body, mark } = await warm();
  void body.write(Buffer.alloc(100_000), false);
  await new Promise((resolve) => process.nextTick(resolve));
  await Promise.resolve();
  void body.write(Buffer.alloc(50_000), false);
  await new Promise((resolve) => setImmediate(resolve));
  expect([parcels, mark.offer.take()?.[2]]).toEqual([[['lent 50000']], 100_000]);
});

test('U7 what the end follows at once is posted with it', async () => {
  const { parcels, body, mark } = await warm();
  void body.write(Buffer.alloc(100_000), false);
  body.finish();
  await new Promise((resolve) => setImmediate(resolve));
  expect([parcels, mark.offer.take()]).toEqual([[['lent 100000', 'finish']], undefined]);
});
