/**
 * The upload channel on its own: a stream that the test reads, or leaves unread, stands in for the
 * transport.
 */

import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { BodySink } from '../../../src/actors/body-stream.ts';
import { BLOCK_BYTES, OWN_BLOCKS } from '../../../src/actors/upload-blocks.ts';
import { UploadBody } from '../../../src/actors/upload-body.ts';
import { settled } from '../../helpers/leaks.ts';
import {
  answers,
  CountingObserver,
  readAll,
  take,
  uploadChannel,
} from '../../helpers/upload-channel.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Counts the turns of the event loop; the function that it returns ends that and tells them. */
function countTurns(): () => number {
  let turns = 0;
  let counting = true;
  const turn = (): void => {
    turns += 1;
    if (counting) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    counting = false;
    return turns;
  };
}

describe('order and backpressure', () => {
  test('U1 sends in call order what was written without awaiting', async () => {
    const { body, observer } = uploadChannel(3);
    const written = Array.from('abcdefghij', (letter) => body.write(bytes(letter), false));
    expect(body.finish()).toBe(true);
    expect(await readAll(body.open())).toBe('abcdefghij');
    expect(await Promise.all(written)).toEqual(Array(10).fill(true));
    expect([body.bytesSent, observer.progressed, observer.sent]).toEqual([10, 10, 1]);
  });

  test('U2 answers at once below the limit, and holds the sender who reaches it', async () => {
    const { body } = uploadChannel(8);
    const promises = [7, 1, 1].map((count) => body.write(Buffer.alloc(count), false));
    expect(await answers(...promises)).toEqual([true, 'waits', 'waits']);
    expect(body.bufferedBytes).toBe(8);
  });

  test('U2 keeps at most the limit and one chunk of a stalled upload', async () => {
    const { body } = uploadChannel(10);
    body.open().read(0);
    const promises = Array.from({ length: 50 }, () => body.write(Buffer.alloc(9), false));
    expect(body.bufferedBytes).toBe(18);
    const [first, second, ...others] = await answers(...promises);
    expect([first, second]).toEqual([true, 'waits']);
    expect(new Set(others)).toEqual(new Set(['waits']));
  });

  test('U2 takes no more than a block of a chunk that is larger than the limit', async () => {
    const { body } = uploadChannel(1);
    const huge = body.write(Buffer.alloc(1_000_000), false);
    const next = body.write(bytes('x'), false);
    expect(await answers(huge, next)).toEqual(['waits', 'waits']);
    expect(body.bufferedBytes).toBe(BLOCK_BYTES);
    const stream = body.open();
    body.finish();
    expect(await readAll(stream)).toHaveLength(1_000_001);
    expect(await Promise.all([huge, next])).toEqual([true, true]);
  });

  test('U2 keeps tiny chunks that wait in a few pieces, whether they are text or bytes', async () => {
    const { body } = uploadChannel(100_000);
    const chunks = Array.from({ length: 40_000 }, (_, index) => `${index % 10}`);
    for (const [index, text] of chunks.entries()) void body.write(bytes(text), index % 3 === 0);
    body.finish();
    const pieces = await body.open().toArray();
    expect(Buffer.concat(pieces).toString()).toBe(chunks.join(''));
    expect(pieces.length).toBeLessThan(5);
  });

  test.each([256 * 1024, 1])(
    'U2 lets the event loop go round between tiny chunks, with an upload buffer of %i',
    async (limit) => {
      const { body } = uploadChannel(limit);
      body.open().resume();
      await settled(1);
      const turns = countTurns();
      for (let sent = 0; sent < 50_000; sent += 1) await body.write(bytes('x'), false);
      expect(turns()).toBeGreaterThan(16);
    },
  );

  test('U3 answers a sender who waits for a turn also when the channel is closed meanwhile', async () => {
    const { body } = uploadChannel(10_000);
    const written = Array.from({ length: 2048 }, () => body.write(bytes('x'), false));
    expect(await answers(...written.slice(-2))).toEqual([true, 'waits']);
    body.close();
    expect(await written.at(-1)).toBe(false);
  });

  test('T1 tells that bytes move when the transport takes them, not when they begin to wait', async () => {
    const { body, observer } = uploadChannel(8);
    const stream = body.open();
    stream.read(0);
    await body.write(bytes('last'), false);
    expect(observer.reports).toBe(0);
    await settled(1);
    expect([observer.progressed, observer.reports]).toEqual([4, 1]);
    expect(String(stream.read())).toBe('last');
    expect([observer.progressed, observer.reports]).toEqual([4, 2]);
  });

  test('U2 lets the event loop go round while the transport takes everything at once', async () => {
    const { body } = uploadChannel(256 * 1024);
    body.open().resume();
    const turns = countTurns();
    for (let sent = 0; sent < 512; sent += 1) await body.write(Buffer.alloc(64 * 1024), true);
    const gone = turns();
    expect(body.bytesSent).toBeGreaterThan(31 * 1024 * 1024);
    expect(gone).toBeGreaterThan(16);
  });

  test('U2 lets one sender in for each chunk that leaves', async () => {
    const { body } = uploadChannel(1);
    const promises = Array.from('abc', (letter) => body.write(bytes(letter), false));
    const stream = body.open();
    expect(await answers(...promises)).toEqual(['waits', 'waits', 'waits']);
    expect(take(stream)).toBe('a');
    expect(await answers(...promises)).toEqual([true, 'waits', 'waits']);
    expect(take(stream)).toBe('b');
    expect(await answers(...promises)).toEqual([true, true, 'waits']);
    body.close();
    expect(await Promise.all(promises)).toEqual([true, true, false]);
  });

  test('U1 lets the caller reuse its buffer once the promise has settled', async () => {
    const { body } = uploadChannel(4);
    const buffer = Buffer.from('aaaa');
    const first = body.write(buffer, false);
    const second = body.write(bytes('bbbb'), false);
    const stream = body.open();
    const seen = [take(stream)];
    await first;
    buffer.fill('z');
    seen.push(take(stream));
    await second;
    const third = body.write(buffer, false);
    buffer.fill('y');
    seen.push(take(stream));
    expect(seen).toEqual(['aaaa', 'bbbb', 'zzzz']);
    expect(await third).toBe(true);
  });

  test('U1 takes an empty chunk as nothing', async () => {
    const { body } = uploadChannel(1);
    void body.write(bytes('a'), false);
    expect(await body.write(new Uint8Array(), false)).toBe(true);
    body.finish();
    const stream = body.open();
    expect(await stream.toArray()).toEqual([bytes('a')]);
  });
});

describe('ends', () => {
  test('U3 answers every waiting sender with false when the channel closes', async () => {
    const { body } = uploadChannel(1);
    const promises = Array.from('abc', (letter) => body.write(bytes(letter), false));
    body.close();
    expect(await Promise.all(promises)).toEqual([false, false, false]);
    expect(await body.write(bytes('d'), false)).toBe(false);
    expect(body.finish()).toBe(false);
  });

  test('U4 finishes once, however often it is asked, after all that was offered', async () => {
    const { body, observer } = uploadChannel(1);
    const promises = Array.from('abc', (letter) => body.write(bytes(letter), false));
    expect([body.finish(), body.finish()]).toEqual([true, true]);
    expect(await body.write(bytes('d'), false)).toBe(false);
    expect(await readAll(body.open())).toBe('abc');
    expect(await Promise.all(promises)).toEqual([true, true, true]);
    expect([observer.sent, body.sent]).toEqual([1, true]);
  });

  test('C2 sends what was taken and drops what was only offered when it is abandoned', async () => {
    const { body } = uploadChannel(1);
    const promises = Array.from('abc', (letter) => body.write(bytes(letter), false));
    body.abandon();
    expect(await answers(...promises)).toEqual(['waits', false, false]);
    expect(await readAll(body.open())).toBe('a');
    expect(await promises[0]).toBe(true);
  });

  test('C2 sends the rest of a chunk that was begun, and tells its sender, when it is abandoned', async () => {
    const { body } = uploadChannel(1);
    const begun = body.write(Buffer.alloc(1_000_000), false);
    const offered = body.write(bytes('x'), false);
    body.abandon();
    expect(await Promise.all([begun, offered])).toEqual([true, false]);
    expect(await readAll(body.open())).toHaveLength(1_000_000);
  });

  test('U5 refuses a chunk that is too long before any of it is taken', async () => {
    const { body, observer } = uploadChannel(256 * 1024, 100_000);
    expect(await body.write(Buffer.alloc(100_001), false)).toBe(false);
    expect([observer.broken, body.bufferedBytes]).toEqual([1, 0]);
  });

  test('U2 reports the memory of a chunk that goes away while it is taken', async () => {
    const { body, observer } = uploadChannel(1);
    const chunk = new Uint8Array(1_000_000);
    const begun = body.write(chunk, false);
    structuredClone(chunk, { transfer: [chunk.buffer] });
    const stream = body.open();
    let received = 0;
    for await (const piece of stream) {
      received += piece.length;
      if (received >= BLOCK_BYTES) break;
    }
    expect(received).toBe(BLOCK_BYTES);
    expect(await begun).toBe(false);
    expect([observer.broken, observer.progressed]).toEqual([1, BLOCK_BYTES]);
  });

  test('C2 leaves a finished body as it is when it is abandoned', async () => {
    const { body } = uploadChannel(1);
    for (const letter of 'abc') void body.write(bytes(letter), false);
    body.finish();
    body.abandon();
    expect(await readAll(body.open())).toBe('abc');
  });

  test('U5 never ends a body that is abandoned with more accepted than was declared', async () => {
    const body: UploadBody = new UploadBody({
      limit: 1,
      contentLength: 3,
      observer: {
        uploadProgressed: () => {},
        uploadSent: () => expect.unreachable('a body that was cut'),
        uploadLengthBroken: () => body.close(),
        bodyGone: () => expect.unreachable('chunks that are still there'),
      },
    });
    const stream = body.open().resume();
    const taken = body.write(bytes('ab'), true);
    const accepted = body.write(bytes('cd'), true, true);
    body.abandon();
    expect(await Promise.all([taken, accepted])).toEqual([false, false]);
    await settled();
    expect([stream.readableEnded, body.sent]).toEqual([false, false]);
  });

  test('U5 never ends a stream that was closed, so that a cut body looks cut', async () => {
    const { body } = uploadChannel(100);
    const stream = body.open();
    void body.write(bytes('a'), false);
    expect(take(stream)).toBe('a');
    body.close();
    stream.destroy();
    await once(stream, 'close');
    expect([stream.readableEnded, body.sent]).toEqual([false, false]);
  });
});

describe('a sender that is measured', () => {
  /** A sink that holds one piece, as the stream of HTTP/1.1 does: all that waits in a block. */
  class OnePiece implements BodySink {
    readonly pieceBytes = BLOCK_BYTES;
    readonly shelf = OWN_BLOCKS;
    heldBytes = 0;
    accept(piece: Uint8Array): boolean {
      this.heldBytes += piece.byteLength;
      return false;
    }
    acceptEnd(): void {}
  }

  function measured(): { body: UploadBody; sink: OnePiece; scarce: () => number } {
    let scarce = 0;
    const body = new UploadBody({
      limit: 256 * 1024,
      contentLength: undefined,
      observer: new CountingObserver(),
      scarce: () => {
        scarce += 1;
      },
    });
    const sink = new OnePiece();
    body.attach(sink);
    body.pull();
    return { body, sink, scarce: () => scarce };
  }

  test('T4 gives too little only at first, as it waits for room from then on', async () => {
    const { body, sink, scarce } = measured();
    const send = async (): Promise<void> => {
      while (await body.write(Buffer.alloc(16 * 1024), false));
    };
    const all = send();
    await settled();
    expect(body.isBackedUp).toBe(true);
    const before = scarce();
    for (let pieces = 0; pieces < 20; pieces += 1) {
      sink.heldBytes = 0;
      body.pull();
      body.chunkLeft();
      await settled(1);
    }
    expect([scarce(), body.isBackedUp]).toEqual([before, true]);
    body.close();
    await all;
  });

  test('T4 gives too little while less waits than may be on its way', () => {
    const { body, scarce } = measured();
    for (let chunks = 1; chunks <= 4; chunks += 1) {
      void body.write(Buffer.alloc(16 * 1024), false);
      expect([scarce(), body.isBackedUp]).toEqual([chunks, chunks === 4]);
    }
    void body.write(Buffer.alloc(1), false);
    expect(scarce()).toBe(4);
    body.close();
  });

  test('T4 has given all at the end, of which any byte waits for the peer', () => {
    const { body, sink } = measured();
    void body.write(Buffer.alloc(10), false);
    body.finish();
    expect(body.isBackedUp).toBe(true);
    sink.heldBytes = 0;
    expect(body.isBackedUp).toBe(false);
    body.close();
  });
});
