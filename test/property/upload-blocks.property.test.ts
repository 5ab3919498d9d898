/**
 * The copies of an upload against a system that reads them late: what it reads is what was sent,
 * however the memory of the copies is used again and again.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BodySink } from '../../src/actors/body-stream.ts';
import { BLOCK_BYTES, type BlockShelf, OWN_BLOCKS } from '../../src/actors/upload-blocks.ts';
import { UploadBody, type UploadObserver } from '../../src/actors/upload-body.ts';
import { settled } from '../helpers/leaks.ts';

const SIZES = [1, 100, 8192, 16_383, 20_000, 65_536, 262_143, 262_144, 262_145, 600_000] as const;

const NOBODY: UploadObserver = {
  uploadProgressed() {},
  uploadSent() {},
  uploadLengthBroken() {},
  bodyGone() {},
};

interface SystemOptions {
  readonly limit?: number;
  readonly contentLength?: number | undefined;
  readonly pieceBytes?: number;
  /** Without one it never tells what it has taken, as HTTP/2, and gives memory away. */
  readonly hasShelf?: boolean;
}

/** Holds pieces, passes them on to a system, which copies them when it is told to. */
class LateSystem implements BodySink {
  readonly pieceBytes: number;
  readonly shelf: BlockShelf | undefined;
  readonly body: UploadBody;
  readonly received: Buffer[] = [];
  ended = false;
  #acceptedBytes = 0;
  #held: Uint8Array[] = [];
  #passed: Uint8Array[] = [];

  constructor(options: SystemOptions = {}) {
    const { limit = 1_000_000, contentLength, pieceBytes = 64 * 1024, hasShelf = true } = options;
    this.pieceBytes = pieceBytes;
    this.shelf = hasShelf ? OWN_BLOCKS : undefined;
    this.body = new UploadBody({ limit, contentLength, observer: NOBODY });
    this.body.attach(this);
  }

  get heldBytes(): number {
    return this.#held.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  get drained(): boolean {
    return this.#passed.length === 0;
  }

  get drainedBytes(): number | undefined {
    return this.drained && this.shelf ? this.#acceptedBytes - this.heldBytes : undefined;
  }

  accept(bytes: Uint8Array): boolean {
    this.body.passed(bytes.byteLength);
    this.#held.push(this.shelf ? bytes : givenAway(bytes));
    this.#acceptedBytes += bytes.byteLength;
    return false;
  }

  acceptEnd(): void {
    this.ended = true;
  }

  pass(): void {
    this.#passed.push(...this.#held.splice(0, 1));
    this.body.chunkLeft();
  }

  take(): void {
    this.received.push(...this.#passed.map((bytes) => Buffer.from(bytes)));
    this.#passed = [];
  }

  async takeAll(): Promise<void> {
    while (!this.ended || this.heldBytes > 0 || !this.drained) {
      this.body.pull();
      this.pass();
      this.take();
      // The channel rests for a turn now and then.
      await settled(1);
    }
  }
}

/** As a thread takes what fills its memory (`actors/port-outbox`). */
function givenAway(bytes: Uint8Array): Uint8Array {
  const { buffer, byteLength } = bytes;
  const fillsIt = byteLength === buffer.byteLength && byteLength >= 4096;
  if (!fillsIt || !(buffer instanceof ArrayBuffer)) return bytes;
  return structuredClone(bytes, { transfer: [buffer] });
}

/** A chunk; its sender may use its buffer again where it is not `owned`. */
interface Chunk {
  readonly size: number;
  readonly owned: boolean;
}

type Step = 'pull' | 'pass' | 'take' | Chunk;

const chunks = fc.record({ size: fc.constantFrom(...SIZES), owned: fc.boolean() });
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Step>('pull', 'pass', 'take') },
    { weight: 2, arbitrary: chunks as fc.Arbitrary<Step> },
  ),
  { maxLength: 120 },
);
const systems = fc.record({
  limit: fc.constantFrom(1, 100_000, 1_000_000),
  pieceBytes: fc.constantFrom(64 * 1024, BLOCK_BYTES),
  isDeclared: fc.boolean(),
  hasShelf: fc.boolean(),
});

test('U1 sends what a chunk was when it was taken, whatever becomes of its buffer', async () => {
  await fc.assert(
    fc.asyncProperty(steps, systems, async (script, { isDeclared, ...options }) => {
      const bytes = script.reduce(
        (sum, step) => sum + (typeof step === 'object' ? step.size : 0),
        0,
      );
      const contentLength = isDeclared ? bytes : undefined;
      const system = new LateSystem({ ...options, contentLength });
      const sent: Buffer[] = [];
      for (const [index, step] of script.entries()) {
        if (typeof step === 'object') {
          const chunk = Buffer.alloc(step.size, `${index} `);
          sent.push(Buffer.from(chunk));
          const taken = system.body.write(chunk, step.owned);
          if (!step.owned) void taken.then(() => chunk.fill('!'));
        } else if (step === 'pull') system.body.pull();
        else system[step]();
        await Promise.resolve();
      }
      system.body.finish();
      await system.takeAll();
      expect(Buffer.concat(system.received).equals(Buffer.concat(sent))).toBe(true);
      system.body.close();
      expect(OWN_BLOCKS.counts.lent).toBe(0);
      expect(OWN_BLOCKS.counts.free).toBeLessThanOrEqual(16);
    }),
  );
});

test('U1 leaves blocks that were not taken by the system out of use when the upload is cut', async () => {
  const system = new LateSystem({ pieceBytes: BLOCK_BYTES });
  system.body.pull();
  const free = OWN_BLOCKS.counts.free;
  for (const fill of 'abc') await system.body.write(Buffer.alloc(BLOCK_BYTES, fill), false);
  system.pass();
  expect(OWN_BLOCKS.counts.lent).toBe(3);
  system.body.close();
  expect(OWN_BLOCKS.counts).toEqual({ lent: 0, free: Math.max(0, free - 3) });
  const other = new LateSystem();
  await other.body.write(Buffer.alloc(BLOCK_BYTES, 'z'), false);
  system.take();
  expect(Buffer.concat(system.received).equals(Buffer.alloc(BLOCK_BYTES, 'a'))).toBe(true);
  other.body.close();
});

test('U2 gives every block back as soon as the system has taken its bytes', async () => {
  const system = new LateSystem({ pieceBytes: BLOCK_BYTES });
  for (const fill of 'abc') {
    await system.body.write(Buffer.alloc(BLOCK_BYTES, fill), false);
    system.body.pull();
  }
  expect(OWN_BLOCKS.counts.lent).toBe(3);
  system.pass();
  system.take();
  system.body.pull();
  expect(OWN_BLOCKS.counts.lent).toBe(2);
  system.body.close();
});

test('U2 has no more than 16 blocks for all uploads, and goes on without', async () => {
  const uploads = Array.from({ length: 10 }, () => new LateSystem());
  for (const { body } of uploads) {
    for (const fill of 'ab') await body.write(Buffer.alloc(BLOCK_BYTES, fill), false);
  }
  expect(OWN_BLOCKS.counts).toEqual({ lent: 16, free: 0 });
  for (const system of uploads) {
    system.body.finish();
    await system.takeAll();
    expect(Buffer.concat(system.received).toString()).toBe(
      ['a', 'b'].map((fill) => fill.repeat(BLOCK_BYTES)).join(''),
    );
    system.body.close();
  }
  expect(OWN_BLOCKS.counts.lent).toBe(0);
});

test('U5 keeps the last declared byte as it was, whoever uses its block meanwhile', async () => {
  const held = new LateSystem({ contentLength: 3, pieceBytes: BLOCK_BYTES });
  await held.body.write(Buffer.from('abc'), false);
  held.body.pull();
  held.pass();
  held.take();
  held.body.pull();
  expect(OWN_BLOCKS.counts.lent).toBe(0);
  const other = new LateSystem();
  await other.body.write(Buffer.alloc(BLOCK_BYTES, 'z'), false);
  held.body.finish();
  await held.takeAll();
  expect(Buffer.concat(held.received).toString()).toBe('abc');
  other.body.close();
});

test('U1 uses no memory again that a thread has got as a whole', async () => {
  const system = new LateSystem({ hasShelf: false });
  for (const fill of 'abcde') await system.body.write(Buffer.alloc(4096, fill), false);
  for (let piece = 0; piece < 2; piece += 1) system.body.pull();
  for (const fill of 'fg') await system.body.write(Buffer.alloc(4096, fill), false);
  system.body.finish();
  await system.takeAll();
  const sent = Array.from('abcdefg', (fill) => fill.repeat(4096)).join('');
  expect(Buffer.concat(system.received).toString()).toBe(sent);
});
