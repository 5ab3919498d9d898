/**
 * Ends an HTTP/2 stream so that the peer learns the truth: RST_STREAM, and never the END_STREAM of
 * a body that was not finished (U5, C2, T3).
 *
 * Why not `Http2Stream#close`, which undici's own abort calls:
 *  - it first ends the writable side, so that the peer sees END_STREAM, a complete and shorter
 *    body, and only then the reset;
 *  - where the body was ended and still waits for the peer's window, the reset waits too. undici
 *    destroys the stream at once, so none is ever sent: the peer hears nothing, and when it opens
 *    the window nghttp2 asks for the data of a stream that Node no longer knows and is told "zero
 *    bytes, more to come" without end. The process spins inside `SendPendingData`, and its memory
 *    grows.
 *
 * `destroy` with an error always submits the reset before Node forgets the stream, and nothing
 * else. It has to be Node's own `AbortError`: that means CANCEL (RFC 9113, 8.1) where any other
 * means INTERNAL_ERROR, and with CANCEL alone Node does not enter the send loop of nghttp2 again
 * when it is called from one of its callbacks.
 */

import { addAbortSignal, type Writable } from 'node:stream';

/** The only way to a stream's end by Node's own `AbortError`; nobody ever listens to it. */
const ABORTED = AbortSignal.abort();

/**
 * Resets the stream of a request, at once: undici's own abort, which may be what called us, must
 * find it destroyed. Idempotent; what the stream emits then is swallowed.
 */
export function resetStream(stream: Writable): void {
  if (stream.destroyed) return;
  stream.on('error', ignore);
  addAbortSignal(ABORTED, stream);
}

function ignore(): void {}
