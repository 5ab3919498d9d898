/**
 * Bodies to send and sinks to receive into, shared by the clients so that none of them pays for
 * more than its own work. Chunks are of 64 KiB, unless `useChunksOf` says otherwise, and always the
 * same buffer, unless `useFreshChunks` does.
 */

import { Readable, Writable } from 'node:stream';
import type { Pace } from './clients/client.ts';

export const KIB = 1024;
export const MIB = 1024 * KIB;

export const CHUNK_BYTES = 64 * KIB;
let chunk = Buffer.alloc(CHUNK_BYTES, 'spool');
let nextChunk = (): Buffer => chunk;

export function useChunksOf(bytes: number): void {
  if (bytes !== chunk.length) chunk = Buffer.alloc(bytes, 'spool');
}

/** From now on every chunk is a buffer of its own: one that is kept somewhere takes memory. */
export function useFreshChunks(): void {
  nextChunk = () => Buffer.from(chunk);
}

/** The chunks of a body of `bytes` bytes. */
export function* chunksOf(bytes: number): Generator<Buffer> {
  for (let rest = bytes; rest > 0; rest -= chunk.length) {
    yield rest < chunk.length ? chunk.subarray(0, rest) : nextChunk();
  }
}

/** The same as an async iterable, as an application would produce it. */
export async function* asyncChunksOf(bytes: number): AsyncGenerator<Buffer> {
  yield* chunksOf(bytes);
}

/** The same as a Node stream. */
export function readableOf(bytes: number): Readable {
  const chunks = chunksOf(bytes);
  return new Readable({
    read() {
      const next = chunks.next();
      this.push(next.done === true ? null : next.value);
    },
  });
}

/** The same as a web stream. */
export function webStreamOf(bytes: number): ReadableStream<Uint8Array> {
  const chunks = chunksOf(bytes);
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = chunks.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

/** A writable that counts what it is given and takes its time where `pace` says so. */
export class CountingSink extends Writable {
  readonly #pace: Pace | undefined;
  bytes = 0;

  constructor(pace?: Pace) {
    super();
    this.#pace = pace;
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error) => void): void {
    this.bytes += chunk.length;
    const busy = this.#pace?.(this.bytes);
    if (busy === undefined) callback();
    else busy.then(() => callback(), callback);
  }
}

/** Counts the bytes of an iterated body, waiting where `pace` says so. */
export async function countBytes(body: AsyncIterable<Uint8Array>, pace?: Pace): Promise<number> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    const busy = pace?.(bytes);
    if (busy !== undefined) await busy;
  }
  return bytes;
}

/** Fails the benchmark when a client was answered with anything but 200. */
export function expectOk(status: number): void {
  if (status !== 200) throw new Error(`the server answered ${status}`);
}
