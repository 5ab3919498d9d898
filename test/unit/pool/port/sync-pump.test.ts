/** A source that is read for a thread that blocks. */

import { expect, test } from 'vitest';
import { SyncPump } from '../../../../src/pool/port/sync-pump.ts';

function pumpOf(source: Iterable<string>, limit = Number.POSITIVE_INFINITY) {
  const heard: unknown[] = [];
  const sink = {
    get hasRoom() {
      return heard.length < limit;
    },
    write: (chunk: Uint8Array) => heard.push(Buffer.from(chunk).toString()),
  };
  const observer = {
    sourceEnded: () => void heard.push('end'),
    sourceFailed: (error: unknown) => void heard.push(error),
  };
  return { pump: new SyncPump(source, sink, observer), heard };
}

test('U2 reads as much as there is room for', () => {
  const { pump, heard } = pumpOf(['one', 'two', 'three'], 2);
  pump.run();
  expect(heard).toEqual(['one', 'two']);
});

test('U8 a source may wait for an answer, and is not read again meanwhile', () => {
  const feed = { run: () => {} };
  const { pump, heard } = pumpOf(
    (function* () {
      yield 'one';
      // What a thread does that blocks: whatever has room is fed.
      feed.run();
      yield 'two';
    })(),
  );
  feed.run = () => pump.run();
  pump.run();
  expect(heard).toEqual(['one', 'two', 'end']);
});
