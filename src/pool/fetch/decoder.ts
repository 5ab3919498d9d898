/**
 * One content coding being undone, made when the first byte comes: a body without any is empty
 * whatever its coding, and only the first byte tells which of its two forms `deflate` has.
 *
 * Invariant: what it has decoded and nobody has read is bounded: while its reader waits, so does
 * the decoder, and with it whoever writes.
 */

import { Duplex, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** Makes the decoder for a body that begins with this byte. */
export type Open = (firstByte: number) => Transform;

type Done = (error?: Error | null) => void;

/** Codings by their names (RFC 9110, 8.4.1). */
export const DECODERS: ReadonlyMap<string, Open> = new Map<string, Open>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  // With the header of zlib, as it is meant, or without, as many servers send it.
  ['deflate', (first) => ((first & 0x0f) === 0x08 ? createInflate() : createInflateRaw())],
  ['br', () => createBrotliDecompress()],
]);

export class Decoder extends Duplex {
  readonly #open: Open;
  #inner: Transform | undefined;

  constructor(open: Open) {
    super();
    this.#open = open;
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: Done): void {
    const [first] = chunk;
    if (first === undefined) done();
    else this.#decoderFor(first).write(chunk, encoding, done);
  }

  override _final(done: Done): void {
    if (this.#inner === undefined) this.push(null);
    else this.#inner.end();
    done();
  }

  override _read(): void {
    this.#inner?.resume();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#inner?.destroy();
    done(error);
  }

  #decoderFor(firstByte: number): Transform {
    if (this.#inner !== undefined) return this.#inner;
    const inner = this.#open(firstByte);
    this.#inner = inner;
    inner.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on('end', () => this.push(null));
    inner.on('error', (error) => this.destroy(error));
    return inner;
  }
}
