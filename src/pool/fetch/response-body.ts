/**
 * The body of an exchange as the stream of a `Response`: read as its reader asks for it, decoded as
 * its headers say.
 *
 * Invariant: nothing is read ahead of the reader but what the window of the exchange allows; a
 * stream that is cancelled ends its exchange, an exchange that fails ends its stream with an error.
 */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AsyncHandle } from '../../async-handle.ts';
import type { Message } from '../../messages.ts';
import { DECODERS, Decoder, type Open } from './decoder.ts';

/** What reading a body needs of the pool. */
export interface BodyCalls {
  receive(handle: AsyncHandle): Promise<Message | undefined>;
  cancel(handle: AsyncHandle, reason?: unknown): void;
}

/**
 * The decoded body; `failure` makes of an exchange's error the one that the stream ends with. Throws
 * where the body has more codings than anybody needs.
 */
export function bodyStream(
  calls: BodyCalls,
  handle: AsyncHandle,
  { encoding, failure }: { encoding: string | null; failure: (error: unknown) => unknown },
): ReadableStream<Uint8Array> {
  const decoders = decodersFor(encoding);
  const raw = rawStream(calls, handle, failure);
  const last = decoders.at(-1);
  if (last === undefined) return raw;
  // Whatever fails, on either side, ends all of the line; the reader sees it in the last part.
  pipeline([Readable.fromWeb(raw), ...decoders]).catch(() => {});
  return Readable.toWeb(last) as ReadableStream<Uint8Array>;
}

function rawStream(
  calls: BodyCalls,
  handle: AsyncHandle,
  failure: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const message = await calls.receive(handle);
        if (message?.type === 'data') controller.enqueue(message.chunk);
        else if (message?.type === 'error') controller.error(failure(message.error));
        else controller.close();
      },
      cancel: (reason) => calls.cancel(handle, reason),
    },
    // Not before somebody reads.
    { highWaterMark: 0 },
  );
}

/** In the order in which they are to be undone; none where one is not known. */
function decodersFor(encoding: string | null): Decoder[] {
  const names = encoding === null ? [] : encoding.toLowerCase().split(',');
  if (names.length > MOST_CODINGS) {
    const cause = new RangeError(`${names.length} content codings, of at most ${MOST_CODINGS}`);
    throw new TypeError('fetch failed', { cause });
  }
  const makers: Open[] = [];
  for (const name of names) {
    const open = DECODERS.get(name.trim());
    if (open === undefined) return [];
    makers.unshift(open);
  }
  return makers.map((open) => new Decoder(open));
}

/** Each costs memory, and a header can name thousands; undici draws the same line. */
const MOST_CODINGS = 5;
