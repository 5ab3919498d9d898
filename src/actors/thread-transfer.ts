/**
 * One exchange that runs on a worker in a thread, as the pool's side of it: calls become commands,
 * reports become calls.
 *
 * Credit: the thread may have posted so many bytes of the response that were not granted, at most
 * its share of the worker's and at most what the receiver's window has room for. It stops reading
 * with the chunk that goes beyond, as an exchange does that is paused (F2).
 *
 * Invariants: after `abort`, or after the response ended or failed, no report is made any more;
 * no byte of an upload leaves this thread before the request has started, so that one that has not
 * can be moved to another worker with its body whole (W2).
 */

import type { ConnectTimes, DispatchedRequest, ExchangeReports, Transfer } from './carrier.ts';
import { isGone } from './chunk-bytes.ts';
import { rebuiltFailure } from './plain-failure.ts';
import type { Outbox } from './port-outbox.ts';
import { unpackHeaders } from './raw-headers.ts';
import type { SharedBlocks } from './shared-blocks.ts';
import type { MarkedExchange, SharedMark } from './shared-marks.ts';
import type { ReportOf, ThreadCommand, ThreadReport } from './thread-protocol.ts';
import { ThreadUpload } from './thread-upload.ts';
import type { UploadBody } from './upload-body.ts';

/** The way to the thread. */
export interface ThreadLink {
  readonly outbox: Outbox<ThreadCommand>;
  /** Memory for uploads that the thread sees, too. */
  readonly blocks: SharedBlocks;
  /** Bytes of one response that may be on their way from the thread. */
  readonly creditBytes: number;
  /** Makes a transfer known to the thread. */
  enter(transfer: ThreadTransfer): MarkedExchange;
  /** Nothing more is to be heard of it. */
  leave(id: number): void;
}

/** A report on one exchange that comes without bytes. */
export type TransferReport = Exclude<
  ThreadReport,
  ReportOf<'ready' | 'opened' | 'data' | 'whole' | 'closed' | 'pong'>
>;

export class ThreadTransfer implements Transfer {
  connection: ConnectTimes | undefined;
  reusedConnection: boolean | undefined;
  readonly #link: ThreadLink;
  readonly #reports: ExchangeReports;
  #id = NO_ID;
  #mark: SharedMark | undefined;
  #upload: ThreadUpload | undefined;
  #started = false;
  #over = false;
  #aborted = false;
  #paused = false;
  /** What the receiver has room for when it has received nothing yet. */
  #windowBytes = 0;
  /** What the thread may still post. */
  #creditBytes = 0;

  constructor(link: ThreadLink, reports: ExchangeReports) {
    this.#link = link;
    this.#reports = reports;
  }

  dispatch(request: DispatchedRequest, upload: UploadBody | undefined): void {
    const { outbox, blocks } = this.#link;
    const { method, origin, path, headers, text, bytes } = request;
    if (bytes !== undefined && isGone(bytes)) {
      this.#reports.bodyGone();
      return;
    }
    const { id, mark } = this.#link.enter(this);
    this.#id = id;
    this.#mark = mark;
    if (upload) this.#upload = new ThreadUpload({ id, mark, outbox, blocks }, upload);
    this.#windowBytes = this.#reports.room;
    this.#creditBytes = this.#room;
    const body = upload !== undefined ? 'parts' : bytes === undefined ? 'none' : 'whole';
    // The user's memory may be transferred away before this turn is over; nobody else has that of a
    // text, and it is needed again where the thread dies.
    if (body === 'whole' && bytes !== undefined) {
      if (text === undefined) outbox.give(new Uint8Array(bytes));
      else outbox.copy(bytes);
    }
    outbox.add(['dispatch', id, [method, origin, path, headers, body], this.#creditBytes]);
  }

  get flushed(): boolean {
    return this.#mark?.flushed ?? false;
  }

  headSent(): boolean {
    return this.#mark?.headSent ?? false;
  }

  /** The thread stops by itself, for want of credit; what it has beyond the window is taken back. */
  pause(): void {
    this.#paused = true;
    if (this.#over || this.#creditBytes < 0) return;
    const bytes = -1 - this.#creditBytes;
    this.#creditBytes += bytes;
    this.#link.outbox.add(['grant', this.#id, bytes]);
  }

  resume(): void {
    this.#paused = false;
    this.#topUp();
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    if (this.#id === NO_ID) return;
    this.#mark?.drop();
    this.#upload?.notePassed();
    this.#end();
    this.#link.outbox.add(['abort', this.#id]);
  }

  /** The thread starts it no more, if it has not by now. */
  halt(): void {
    this.#mark?.revoke();
  }

  catchUp(): void {
    if (this.#mark?.started === true) this.#noteStart();
    this.#upload?.notePassed();
  }

  /** A part of the response's body. */
  data(chunk: Uint8Array): void {
    this.#creditBytes -= chunk.byteLength;
    this.#reports.dataReceived(chunk);
    this.#topUp();
  }

  /** The response at once; each of its parts may be what ends the exchange. */
  whole([, id, status, raw, headers, trailers]: ReportOf<'whole'>, chunk: Uint8Array): void {
    this.#head(['head', id, status, raw, headers]);
    if (!this.#over) this.data(chunk);
    if (!this.#over) this.report(['ended', id, trailers]);
  }

  /** What the thread says of it. */
  report(report: TransferReport): void {
    switch (report[0]) {
      case 'started':
        this.#begun(report);
        break;
      case 'hinted':
        this.#reports.hinted();
        break;
      case 'head':
        this.#head(report);
        break;
      case 'ended':
        this.#end();
        this.#reports.responseEnded(unpackHeaders(report[2]));
        break;
      case 'failed':
        this.#end();
        // The thread has forgotten it.
        this.#aborted = true;
        this.#reports.exchangeFailed(rebuiltFailure(report[2]));
        break;
      case 'passed':
        this.#upload?.passed();
        break;
      case 'sent':
        this.#upload?.sent();
        break;
      default:
        report satisfies never;
    }
  }

  #begun([, , reused, connection, drains]: ReportOf<'started'>): void {
    this.reusedConnection = reused;
    this.connection = connection;
    if (this.#upload !== undefined) this.#upload.drains = drains;
    this.#noteStart();
  }

  #noteStart(): void {
    if (this.#started) return;
    this.#started = true;
    this.#reports.started();
    this.#upload?.started();
  }

  #head([, , status, raw, headers]: ReportOf<'head'>): void {
    this.#reports.headReceived({
      status,
      headers: unpackHeaders(headers ?? raw),
      raw,
      httpVersion: headers === undefined ? '1.1' : '2',
    });
  }

  /** Grants what there is room for, not byte by byte: each grant wakes the thread. */
  #topUp(): void {
    if (this.#paused || this.#over) return;
    const bytes = this.#room - this.#creditBytes;
    const most = Math.min(this.#windowBytes, this.#link.creditBytes);
    if (bytes < most / 2 && this.#creditBytes >= 0) return;
    this.#creditBytes += bytes;
    this.#link.outbox.add(['grant', this.#id, bytes]);
  }

  get #room(): number {
    return Math.max(0, Math.min(this.#reports.room, this.#link.creditBytes));
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#link.leave(this.#id);
  }
}

const NO_ID = -1;
