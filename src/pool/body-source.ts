/**
 * What a body is read from, with one reader, who may give it up at any time.
 *
 * Why not the source's own async iterator throughout: those of Node's and the web's streams are
 * told to `return` only when the chunk that is waited for has come. A stream that stands still
 * would stay open for ever, and with it a file or a connection.
 */

import { isErrored, isReadable, Readable } from 'node:stream';
import type { BodyChunk } from '../options.ts';

export type BodySource = AsyncIterable<BodyChunk> | Iterable<BodyChunk>;

type Result = IteratorResult<BodyChunk, unknown>;

export interface BodyReader {
  next(): Result | Promise<Result>;
  /** Nothing more is read, also of what is waited for. */
  giveUp(): void;
}

/** Begins to read; throws what the source throws, and for what is no source. */
export function readerOf(source: BodySource): BodyReader {
  if (isWebStream(source)) {
    const reader = source.getReader();
    // Of a stream that ends there is no value, as of an iterator.
    return { next: () => reader.read() as Promise<Result>, giveUp: () => quiet(reader.cancel()) };
  }
  const iterator = iteratorOf(source);
  const giveUp = isNodeStream(source)
    ? () => void source.destroy()
    : () => quiet(iterator.return?.());
  return { next: () => iterator.next(), giveUp };
}

/** Nobody has begun to read it, and nobody will: a stream is closed, as undici does. Never throws. */
export function giveUpUnread(source: BodySource): void {
  try {
    if (isNodeStream(source)) source.destroy();
    else if (isWebStream(source) && !source.locked) quiet(source.cancel());
  } catch {
    // As below.
  }
}

/** Streams that are the body of a request: their bytes are there once. */
const claimed = new WeakSet<BodySource>();

/** What is wrong with a stream that has no bytes to give to another request. */
export function unreadable(source: BodySource): string | undefined {
  if (claimed.has(source)) return 'is a stream that is the body of another request';
  if (isWebStream(source) && source.locked) return 'is a stream that somebody else reads';
  return isOver(source) ? 'is a stream that was destroyed, or read to its end' : undefined;
}

function isOver(source: BodySource): boolean {
  if (isNodeStream(source)) return source.destroyed === true || source.readableEnded === true;
  if (!isWebStream(source)) return false;
  // Node answers for its streams of the web as well, though its types do not say so. One that was
  // closed and never read is an empty body, and one that failed has an error to tell.
  const stream = source as unknown as NodeJS.ReadableStream;
  return Readable.isDisturbed(stream) && isReadable(stream) === false && !isErrored(stream);
}

/**
 * The body of a request that was taken, and is not read yet. A stream may fail while its request
 * waits, or connects. Whoever reads it hears of that then; without a listener until then the process
 * would die of it.
 */
export function claim(source: BodySource | undefined): void {
  if (source === undefined) return;
  if (isWebStream(source)) claimed.add(source);
  if (!isNodeStream(source)) return;
  claimed.add(source);
  if ('on' in source && typeof source.on === 'function') source.on('error', ignore);
}

/** The source that a function makes, once it is read. */
export function sourceFrom(make: () => BodySource): AsyncIterable<BodyChunk> {
  return {
    [Symbol.asyncIterator]: () => {
      const made = make();
      // Text is a chunk, though it could be read letter by letter.
      const reader = readerOf(typeof made === 'string' ? [made] : made);
      return {
        next: async () => reader.next(),
        return: async (value) => {
          reader.giveUp();
          return { done: true, value };
        },
      };
    },
  };
}

function iteratorOf(source: BodySource): AsyncIterator<BodyChunk> | Iterator<BodyChunk> {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
  if (Symbol.iterator in source) return source[Symbol.iterator]();
  throw new TypeError('the body is nothing that can be read');
}

/** A source that fails while it is given up has nobody left to tell. */
function quiet(given: unknown): void {
  if (given instanceof Promise) given.catch(ignore);
}

function isWebStream(source: BodySource): source is ReadableStream<Uint8Array> {
  return 'getReader' in source && typeof source.getReader === 'function';
}

interface NodeStream {
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
  destroy(): unknown;
}

function isNodeStream(source: BodySource): source is BodySource & NodeStream {
  return 'destroy' in source && typeof source.destroy === 'function';
}

function ignore(): void {}
