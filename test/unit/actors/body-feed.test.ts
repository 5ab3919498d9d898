/** How the bytes of an upload get to a sink that takes all it is given. */

import { expect, test } from 'vitest';
import type { BodySink } from '../../../src/actors/body-stream.ts';
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
