/** An upload on the caller's side of a port: order, room, and an answer for everybody. */

import { expect, test } from 'vitest';
import { RemoteUpload } from '../../../../src/pool/port/remote-upload.ts';
import type { ResolvedRequest } from '../../../../src/resolved-options.ts';
import { settled } from '../../../helpers/leaks.ts';
import { textOf } from '../../../helpers/message-log.ts';

interface Side {
  readonly upload: RemoteUpload;
  /** What was sent, in order; `'end'` for the finish. */
  readonly sent: string[];
  readonly buffers: ArrayBuffer[];
  readonly failures: unknown[];
}

function side(request: Partial<ResolvedRequest>): Side {
  const sent: string[] = [];
  const buffers: ArrayBuffer[] = [];
  const failures: unknown[] = [];
  const port = {
    commands: {
      body: (chunk: Uint8Array<ArrayBuffer>) => {
        sent.push(textOf(chunk));
        buffers.push(chunk.buffer);
      },
      finish: () => void sent.push('end'),
    },
    sourceEnded: () => void upload.finish(),
    sourceFailed: (error: unknown) => void failures.push(error),
    bodyGone: () => void failures.push('gone'),
  };
  // Of a request it reads only what concerns its body.
  const upload = new RemoteUpload(port, { uploadBuffer: 8, ...request } as ResolvedRequest);
  return { upload, sent, buffers, failures };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The answer of a promise, `'waits'` while there is none. */
async function stateOf(promise: Promise<boolean>): Promise<boolean | 'waits'> {
  await settled(1);
  return Promise.race([promise, Promise.resolve('waits' as const)]);
}

test('U2 sends half of the buffer and one chunk; the rest still belongs to its senders', async () => {
  const { upload, sent } = side({ uploadBuffer: 8 });
  const chunks = ['abc', 'def', 'ghi', 'jkl'].map((text) => upload.write(bytes(text), false));
  expect(sent).toEqual(['abc', 'def']);
  expect(await Promise.all(chunks.map(stateOf))).toEqual([true, 'waits', 'waits', 'waits']);
  upload.took(3, true);
  expect(sent).toEqual(['abc', 'def', 'ghi']);
  expect(await Promise.all(chunks.map(stateOf))).toEqual([true, true, 'waits', 'waits']);
  upload.took(3, true);
  upload.took(3, true);
  upload.took(3, true);
  expect(await Promise.all(chunks)).toEqual([true, true, true, true]);
  expect(sent).toEqual(['abc', 'def', 'ghi', 'jkl']);
});

test('U1 what is sent is a copy of its own, so that the sender may reuse its buffer', async () => {
  const { upload, buffers, sent } = side({});
  const buffer = bytes('abcdefgh');
  await upload.write(buffer.subarray(2, 4), false);
  expect(sent).toEqual(['cd']);
  expect(buffers[0]?.byteLength).toBe(2);
  expect(buffers[0]).not.toBe(buffer.buffer);
});

test('U4 the finish waits for what was offered before it, and for the word of the pool', async () => {
  const { upload, sent } = side({ uploadBuffer: 2 });
  void upload.write(bytes('ab'), false);
  void upload.write(bytes('cd'), false);
  const finished = upload.finish();
  expect(upload.finish()).toBe(finished);
  expect(sent).toEqual(['ab']);
  expect(await upload.write(bytes('late'), false)).toBe(false);
  upload.took(2, true);
  expect(sent).toEqual(['ab', 'cd', 'end']);
  expect(await stateOf(finished)).toBe('waits');
  upload.finished(true);
  expect(await finished).toBe(true);
});

test('U3 an end releases everybody with false, and who comes later', async () => {
  const { upload } = side({ uploadBuffer: 2 });
  const writes = ['ab', 'cd', 'ef'].map((text) => upload.write(bytes(text), false));
  const finished = upload.finish();
  upload.close(false);
  expect(await Promise.all([...writes, finished])).toEqual([false, false, false, false]);
  expect(await upload.write(bytes('late'), false)).toBe(false);
  expect(await upload.finish()).toBe(false);
});

test('U3 a pool that takes nothing more releases everybody, too', async () => {
  const { upload } = side({ uploadBuffer: 2 });
  const writes = ['ab', 'cd'].map((text) => upload.write(bytes(text), false));
  upload.took(2, false);
  expect(await Promise.all(writes)).toEqual([false, false]);
});

test('C2 what was sent is answered when it is taken, what was only offered is dropped', async () => {
  const { upload, sent } = side({ uploadBuffer: 2 });
  const writes = ['ab', 'cd'].map((text) => upload.write(bytes(text), false));
  upload.abandon();
  expect(await Promise.all(writes.map(stateOf))).toEqual(['waits', false]);
  upload.took(2, true);
  expect(await writes[0]).toBe(true);
  expect(sent).toEqual(['ab']);
});

test('U5 a byte too many is sent, for the pool to end it by, and answered with false', async () => {
  const { upload, sent } = side({ contentLength: 3 });
  expect(await upload.write(bytes('abc'), false)).toBe(true);
  expect(await upload.write(bytes('d'), false)).toBe(false);
  expect(await upload.write(bytes('e'), false)).toBe(false);
  expect(sent).toEqual(['abc', 'd']);
});

test('H1 a source is read when the pool asks for it, once, and under its credit', async () => {
  let reads = 0;
  const source = (function* () {
    for (const text of ['ab', 'cd', 'ef']) {
      reads += 1;
      yield text;
    }
  })();
  const { upload, sent } = side({ source, uploadBuffer: 2 });
  await settled(1);
  expect(reads).toBe(0);
  upload.start();
  upload.start();
  await settled(1);
  expect([reads, sent]).toEqual([1, ['ab']]);
  upload.took(2, true);
  await settled(1);
  upload.took(2, true);
  await settled(1);
  upload.took(2, true);
  await settled(1);
  expect(sent).toEqual(['ab', 'cd', 'ef', 'end']);
});

test('U3 a source that is no longer wanted is told, one that cannot be read is a failure', async () => {
  let returned = false;
  const source = (function* () {
    try {
      yield 'ab';
      yield 'cd';
    } finally {
      returned = true;
    }
  })();
  const left = side({ source, uploadBuffer: 2 });
  left.upload.start();
  await settled(1);
  left.upload.abandon();
  await settled(1);
  expect(returned).toBe(true);
  const error = new Error('no iterator');
  const unreadable = side({
    source: {
      [Symbol.asyncIterator]: () => {
        throw error;
      },
    },
  });
  unreadable.upload.start();
  expect(unreadable.failures).toEqual([error]);
});
