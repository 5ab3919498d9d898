/**
 * One exchange in a worker's thread: an `Exchange` on the thread's own agent, whose reports are
 * posted to the pool.
 *
 * Invariants: it starts only if the pool has not revoked it; it posts the response as far as its
 * credit goes and one chunk more, then it stops reading until it is granted; it is `over` when
 * nothing is to come from it and nothing for it.
 */

import type { ResponseHeaders } from '../messages.ts';
import type { ConnectTimes, ExchangeReports, Head } from './carrier.ts';
import type { Exchange } from './exchange.ts';
import { type BodyKeeper, HostedBody } from './hosted-body.ts';
import { plainFailure } from './plain-failure.ts';
import type { Outbox } from './port-outbox.ts';
import { packHeaders, packRawHeaders } from './raw-headers.ts';
import { type Revocable, RevocableExchange } from './revocable-exchange.ts';
import type { BlockTable } from './shared-blocks.ts';
import type { ReportOf, ThreadReport } from './thread-protocol.ts';

export interface HostedOptions extends Revocable {
  readonly id: number;
  readonly outbox: Outbox<ThreadReport>;
  readonly blocks: BlockTable;
  /** Whether the body comes in parts. */
  readonly uploads: boolean;
  readonly creditBytes: number;
  /** Nothing is to come from it, and nothing for it. */
  readonly over: () => void;
}

export class HostedExchange implements ExchangeReports, BodyKeeper {
  // The pool has the window; here the credit decides.
  readonly room = Number.POSITIVE_INFINITY;
  readonly #options: HostedOptions;
  readonly #exchange: Exchange;
  readonly #body: HostedBody | undefined;
  #creditBytes: number;
  #paused = false;
  #isOver = false;
  #isHttp2 = false;
  /** The last reports of these kinds. */
  #head: ReportOf<'head'> | undefined;
  #data: ReportOf<'data'> | undefined;
  #passed: ReportOf<'passed'> | undefined;

  constructor(options: HostedOptions) {
    const { uploads, creditBytes } = options;
    this.#options = options;
    this.#creditBytes = creditBytes;
    this.#exchange = new RevocableExchange(options, this);
    if (uploads) this.#body = new HostedBody(options.mark.offer, options.blocks, this);
  }

  dispatch(): void {
    this.#exchange.dispatch(this.#options.request, this.#body);
  }

  chunk(bytes: Uint8Array): void {
    this.#body?.add(bytes);
  }

  offered(): void {
    this.#body?.offered();
  }

  finish(): void {
    this.#body?.finish();
  }

  grant(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.#paused === this.#creditBytes < 0) return;
    this.#paused = !this.#paused;
    if (this.#paused) this.#exchange.pause();
    else this.#exchange.resume();
  }

  abort(): void {
    this.#exchange.abort();
    this.#end();
  }

  // --- what the exchange reports --------------------------------------------------------------

  /** What comes of a body from the pool is its own. */
  bodyGone(): void {}

  started(): void {
    const { id, mark, outbox } = this.#options;
    const { connection, reusedConnection } = this.#exchange;
    const times = connection && timesOf(connection);
    // Over HTTP/2 it leaves as soon as this returns.
    if (connection?.isHttp2) mark.noteHead(true);
    else this.#noteHead();
    this.#watchFlush();
    const ownTimes = reusedConnection === false ? times : undefined;
    const drains = this.#body?.drains ?? false;
    outbox.add(['started', id, reusedConnection, ownTimes, drains]);
  }

  hinted(): void {
    const { id, outbox } = this.#options;
    outbox.add(['hinted', id]);
  }

  headReceived({ status, headers, raw, httpVersion }: Head): void {
    const { id, outbox } = this.#options;
    this.#isHttp2 = httpVersion === '2';
    const own = this.#isHttp2 ? packHeaders(headers) : undefined;
    this.#head = ['head', id, status, packRawHeaders(raw), own];
    outbox.add(this.#head);
  }

  dataReceived(chunk: Uint8Array): void {
    const { id, outbox } = this.#options;
    // A read of HTTP/1.1 is of this exchange alone; of HTTP/2 other streams may have their part.
    outbox.give(chunk, !this.#isHttp2);
    this.#data = ['data', id];
    outbox.add(this.#data);
    this.grant(-chunk.byteLength);
  }

  responseEnded(trailers: ResponseHeaders): void {
    const { id, outbox } = this.#options;
    this.#noteDrained();
    const packed = packHeaders(trailers);
    if (!this.#cameWhole(packed)) outbox.add(['ended', id, packed]);
    // An upload that is not over is aborted by the pool.
    if (this.#body === undefined || this.#body.sent) this.#end();
  }

  exchangeFailed(error: unknown): void {
    const { id, mark, outbox } = this.#options;
    this.#noteHead();
    if (this.#exchange.flushed) mark.noteFlushed();
    outbox.add(['failed', id, plainFailure(error)]);
    this.#end();
  }

  /** Its transport is that of its thread: both end with it. */
  transportBroke(error: unknown): void {
    throw error;
  }

  // --- what the body reports ----------------------------------------------------------------

  bodyProgressed(bytes: number): void {
    this.#noteDrained();
    if (bytes === 0) return;
    const { id, mark, outbox } = this.#options;
    this.#noteHead();
    mark.notePassed(this.#body?.bytesSent ?? 0);
    this.#endIfDropped();
    this.#passed ??= ['passed', id];
    // The pool wakes up and fetches more while they are written here; where more waits for that, it
    // may hear of them together.
    outbox.addWeighed(this.#passed, this.#body?.hasMore ? 0 : bytes);
  }

  bodySent(): void {
    const { id, outbox } = this.#options;
    this.#noteHead();
    this.#endIfDropped();
    outbox.add(['sent', id]);
  }

  /** One report in the place of three, which costs both threads less. */
  #cameWhole(trailers: string): boolean {
    const { id, outbox } = this.#options;
    if (this.#head === undefined || this.#data === undefined) return false;
    const [, , status, raw, headers] = this.#head;
    return outbox.merge([this.#head, this.#data], ['whole', id, status, raw, headers, trailers]);
  }

  /** Where the pool has told its end already, what was noted since must not leave. */
  #endIfDropped(): void {
    if (this.#options.mark.revoked) this.abort();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#body?.close();
    this.#options.over();
  }

  #noteHead(): void {
    this.#options.mark.noteHead(this.#exchange.headSent(this.#body));
  }

  #noteDrained(): void {
    const bytes = this.#body?.drainedBytes;
    if (bytes !== undefined) this.#options.mark.noteDrained(bytes);
  }

  /** Nobody tells when bytes that a connection writes on its own have left: it is looked for. */
  #watchFlush(): void {
    if (this.#options.request.bytes === undefined) return;
    const look = (): void => {
      if (this.#exchange.flushed) this.#options.mark.noteFlushed();
      else if (!this.#isOver) setTimeout(look, FLUSH_LOOK_MS);
    };
    // Most have when this turn is over, and before anybody hears that the request has started.
    queueMicrotask(look);
  }
}

function timesOf({ dns, connect, tls }: ConnectTimes): ConnectTimes {
  return { dns, connect, tls };
}

/** While bytes wait for a peer that takes none. */
const FLUSH_LOOK_MS = 10;
