/**
 * One dispatch: undici's callbacks in, reports out.
 *
 * Owns the conversation with undici for one request on one worker, and nothing of its meaning: what
 * a callback leads to is decided by the keeper (`pool/flight`) with the lifecycle function.
 *
 * Invariants: after `abort`, or after the response ended or failed, no report is made any more;
 * `abort` is idempotent and takes effect on the wire also when undici has not started the request
 * yet; an upload that is aborted is never ended towards the peer (U5, C2; `actors/stream-reset`
 * says why undici's own abort is not enough on HTTP/2).
 */

import type { Writable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import type { BodyStream, StreamedBody } from './body-stream.ts';
import type { DispatchedRequest, ExchangeReports, Head, Transfer } from './carrier.ts';
import { isGone } from './chunk-bytes.ts';
import { DispatchOptions } from './dispatch-options.ts';
import { ExchangePlace } from './exchange-place.ts';
import { hidePeerBytes } from './foreign-errors.ts';
import { HintRate } from './hint-rate.ts';
import type { Connection } from './measured-connect.ts';
import { isHttp2Headers, plainHeaders } from './plain-headers.ts';
import { resetStream } from './stream-reset.ts';
import type { ConnectionHolder, ConnectionUser } from './transport.ts';
import type { Transport } from './worker-agent.ts';

type Progress = 'dispatched' | 'started' | 'over';

export class Exchange implements Transfer, Dispatcher.DispatchHandler, ConnectionUser {
  readonly #dispatcher: Pick<Transport, 'dispatch'>;
  readonly #reports: ExchangeReports;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #place = new ExchangePlace();
  #controller: Dispatcher.DispatchController | undefined;
  #progress: Progress = 'dispatched';
  #wasStarted = false;
  #aborted = false;
  #paused = false;
  /** Of responses of 1xx, where there were any. */
  #hints: HintRate | undefined;
  /** Whether undici is calling this very exchange. */
  #called = false;
  #body: BodyStream | undefined;
  /** A body that goes as a whole. */
  #bytes: Uint8Array | undefined;
  /** Whether the response says how long it is. */
  #hasLength = false;

  constructor(
    dispatcher: Pick<Transport, 'dispatch'>,
    reports: ExchangeReports,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#dispatcher = dispatcher;
    this.#reports = reports;
    this.#clock = clock;
  }

  /** Hands the request over. Throws only what the dispatcher itself throws. */
  dispatch(request: DispatchedRequest, upload: StreamedBody | undefined): void {
    this.#bytes = request.bytes;
    this.#body = upload?.open();
    const body = this.#body ?? request.text ?? request.bytes ?? null;
    this.#dispatcher.dispatch(new DispatchOptions(request, body), this);
  }

  pause(): void {
    // What is left of a response that has ended comes off its stream (`actors/session-streams`).
    if (this.#place.peerEnded) return;
    this.#paused = true;
    this.#control('pause');
  }

  /**
   * Reads on: within a callback of its own at once, otherwise when this turn is over. For the call
   * may come from within a callback of another exchange, and undici's one HTTP/1.1 parser must not
   * be entered twice.
   */
  resume(): void {
    this.#paused = false;
    if (this.#called) this.#readOn();
    else queueMicrotask(() => this.#readOn());
  }

  /** Whether bytes of the request's head can have left: at once, or with the first body byte. */
  headSent(upload: StreamedBody | undefined): boolean {
    if (!this.#wasStarted) return false;
    if (upload === undefined || this.#overHttp2) return true;
    return upload.bytesSent > 0 || upload.sent;
  }

  get connection(): Connection | undefined {
    return this.#place.connection;
  }

  get reusedConnection(): boolean | undefined {
    return this.#place.reusedConnection;
  }

  get flushed(): boolean {
    return this.#place.flushed;
  }

  /** Here each step is reported as it is taken. */
  catchUp(): void {}

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const over = this.#progress === 'over';
    this.#progress = 'over';
    const stream = this.#place.stream ?? this.#body?.target;
    if (stream !== undefined) {
      resetStream(stream);
    } else if (!over) {
      this.#controller?.abort(ABORTED);
    }
    // Not started: undici asks again in `onRequestStart`.
    if (this.#controller === undefined) {
      this.#body?.destroy();
      this.#place.giveUp();
    }
  }

  assignedTo(holder: ConnectionHolder): boolean {
    if (this.#aborted) return false;
    this.#place.waitAt(holder);
    return true;
  }

  streamOpened(stream: Writable): void {
    this.#place.opened(stream);
  }

  streamEnded(): void {
    this.#place.peerEnded = true;
  }

  streamRefused(): void {
    this.#wasStarted = false;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#aborted) {
      controller.abort(ABORTED);
      return;
    }
    // Called again where undici replays a request that the peer had refused unprocessed.
    this.#controller = controller;
    this.#place.starts(this);
    if (this.#body !== undefined) this.#body.connection = this.#place.connection;
    if (this.#progress !== 'dispatched') return;
    if (this.#bytes !== undefined && isGone(this.#bytes)) {
      this.#reports.bodyGone();
      return;
    }
    this.#progress = 'started';
    this.#wasStarted = true;
    this.#reports.started();
  }

  onResponseStart(
    controller: Pick<Dispatcher.DispatchController, 'rawHeaders'>,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#progress === 'over') return;
    if (status < 200) {
      this.#hinted();
      return;
    }
    const raw: unknown = controller.rawHeaders;
    const overHttp2 = this.#overHttp2 || isHttp2Headers(raw);
    this.#hasLength = headers['content-length'] !== undefined;
    this.#reports.headReceived({
      status,
      headers: overHttp2 ? plainHeaders(headers) : (headers as Head['headers']),
      raw,
      httpVersion: overHttp2 ? '2' : '1.1',
    });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#progress === 'over' || chunk.byteLength === 0) return;
    this.#called = true;
    this.#reports.dataReceived(chunk);
    this.#called = false;
  }

  onResponseEnd(
    _controller: Dispatcher.DispatchController,
    trailers: Record<string, string | string[] | undefined> = {},
  ): void {
    if (this.#progress === 'over') return;
    this.#progress = 'over';
    const reset = this.#place.ended(this.#hasLength);
    if (reset !== undefined) this.#reports.exchangeFailed(reset);
    else this.#reports.responseEnded(plainHeaders(trailers));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#progress === 'over') return;
    this.#progress = 'over';
    this.#place.leave();
    hidePeerBytes(error);
    this.#reports.exchangeFailed(error);
  }

  /** 1xx are hints on the way to a response, not one (RFC 9110, 15.2). */
  #hinted(): void {
    this.#hints ??= new HintRate();
    if (this.#hints.exceeds(this.#clock.now())) this.breakOff(HINTS_ONLY);
    else this.#reports.hinted();
  }

  /** Ends it for what has come, which is no response. */
  protected breakOff(fault: Error): void {
    if (this.#progress === 'over') return;
    try {
      this.abort();
    } catch (error) {
      this.#reports.transportBroke(error);
      return;
    }
    this.#reports.exchangeFailed(fault);
  }

  #readOn(): void {
    if (!this.#paused && this.#progress === 'started') this.#control('resume');
  }

  /** Not to be thrown at: it may be called from a turn of its own, or from a receiver. */
  #control(verb: 'pause' | 'resume'): void {
    try {
      this.#controller?.[verb]();
    } catch (error) {
      this.#reports.transportBroke(error);
    }
  }

  get #overHttp2(): boolean {
    return this.#place.stream !== undefined || this.#body?.target !== undefined;
  }
}

/** Called so for `actors/foreign-errors`, as undici calls what else is wrong there. */
const HINTS_ONLY = new Error('bad response: hints without end');

/** The reason undici gets for an abort of ours; made once, it carries no information. */
const ABORTED = new Error('aborted by the pool');
