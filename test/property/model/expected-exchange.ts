/**
 * What happens to one exchange, and what has to come of it, predicted from the contract: by the
 * pool, its caller, its receiver, its peer. Nothing here looks at the real pool.
 */

import { ExpectedRecord } from './expected-record.ts';
import type { SourceStep } from './real-source.ts';

/** What a peer may send on a stream of HTTP/2 that is not read. */
const STREAM_WINDOW_BYTES = 65_535;

export class ExpectedExchange extends ExpectedRecord {
  // --- the pool -------------------------------------------------------------------------------

  /** `isHeard`: not so where its worker is a thread that is deaf. */
  admit(nowMs: number, isHeard: boolean): void {
    this.isFirst = false;
    this.times.admit(nowMs);
    this.phase = 'connecting';
    if (this.source !== undefined) this.source.isRead = true;
    if (this.spec.stuck || !isHeard) {
      this.#read(nowMs);
      return;
    }
    this.phase = 'waiting';
    if (this.upload === undefined) this.times.sent(nowMs);
    else this.changeUpload(nowMs, (upload) => upload.flow());
    this.noteReached();
    this.#read(nowMs);
  }

  /** Back to the queue, ahead of all. */
  requeue(nowMs: number): void {
    this.phase = 'queued';
    this.isFirst = true;
    this.times.requeue(nowMs);
    if (this.upload !== undefined) this.upload.flowing = false;
  }

  // --- the caller -----------------------------------------------------------------------------

  send(bytes: Uint8Array, nowMs: number): void {
    if (this.source === undefined) this.#send(bytes, nowMs);
  }

  finish(nowMs: number): void {
    if (this.source === undefined) this.#finish(nowMs);
  }

  /** The source of the body gives something. */
  feed(step: SourceStep, nowMs: number): void {
    const { source } = this;
    if (source === undefined) return;
    source.waiting = [...source.waiting, step];
    this.#read(nowMs);
  }

  grant(bytes: number, nowMs: number): void {
    if (!this.isLive) return;
    this.response.granted += bytes;
    this.progress(nowMs);
  }

  callerDies(nowMs: number): void {
    const { upload } = this;
    if (!this.isLive || this.audience === 'orphaned') return;
    const unfinished = upload?.state === 'open' || upload?.state === 'finishing';
    if (upload === undefined || !unfinished) {
      if (!this.hasOwnReceiver) this.stop('ERR_CALLER_DIED');
      return;
    }
    const finishable = this.spec.onCallerDeath === 'finish' && upload.finishable;
    if (!finishable || this.phase === 'queued') {
      this.stop('ERR_CALLER_DIED');
      return;
    }
    this.audience = 'orphaned';
    this.mute(nowMs);
    this.times.drain(nowMs);
    this.changeUpload(nowMs, () => upload.abandon());
    this.progress(nowMs);
  }

  receiverDies(nowMs: number): void {
    this.receiverDead = true;
    if (!this.isLive || this.audience !== 'listening') return;
    const unfinished = this.upload?.state === 'open' || this.upload?.state === 'finishing';
    if (!unfinished) {
      this.stop('ERR_CANCELLED');
      return;
    }
    this.audience = 'deaf';
    this.mute(nowMs);
    this.progress(nowMs);
  }

  // --- the peer -------------------------------------------------------------------------------

  respond(status: number, declared: number | undefined, nowMs: number): void {
    this.phase = 'receiving';
    this.times.head(nowMs);
    this.throughput.begin(nowMs, this.moved);
    this.response.status = status;
    this.response.declared = declared;
    this.response.told = this.response.stream && this.audience === 'listening';
    this.progress(nowMs);
  }

  write(bytes: number, nowMs: number): void {
    const { response } = this;
    const wasCaughtUp = response.isCaughtUp;
    // A chunk that finds no credit is received all the same, and held (F2).
    const isWhole =
      !response.stream || response.muted || response.window === Number.POSITIVE_INFINITY;
    if (bytes > 0 && wasCaughtUp) response.arriving += isWhole ? bytes : 1;
    response.write(bytes);
    if (bytes > 0) this.times.moved(nowMs, wasCaughtUp);
    this.progress(nowMs);
  }

  end(nowMs: number): void {
    const { response } = this;
    response.ended = true;
    this.progress(nowMs);
    // Over HTTP/2 an end behind what is not read is seen all the same, if the windows let it come.
    const unread = response.written - response.delivered;
    if (!this.isLive || this.version === '1.1' || unread > STREAM_WINDOW_BYTES) return;
    response.receivable = response.written;
    this.times.moved(nowMs, false);
    this.seeEnd();
  }

  /** Whether a client that does not read may have seen the end of the response already. */
  get isEndUnseen(): boolean {
    return this.phase === 'receiving' && this.response.ended;
  }

  /** It has: an upload that was not over is cut now (F3, U7). */
  seeEnd(): void {
    this.phase = 'ending';
    if (this.upload?.isUploading !== true) return;
    this.cut = true;
    this.upload.end('response');
  }

  /**
   * The peer breaks it off. Who does not read for want of credit sees that all the same, but for an
   * early end over HTTP/1.1: it may come behind what is still to be read.
   */
  break(how: 'reset' | 'truncate', nowMs: number): void {
    const code = this.phase === 'receiving' ? 'ERR_TRUNCATED' : 'ERR_SOCKET';
    this.peerBroke = true;
    if (this.version === '2' || how === 'reset') {
      this.fail(code);
    } else {
      this.broken = code;
      this.progress(nowMs);
    }
  }

  /** The system may take more of a body at any time, though its peer reads nothing. */
  mayMove(nowMs: number): void {
    const { upload } = this;
    if (upload?.stalled === true && upload.isMuddy) this.times.moved(nowMs, false);
  }

  /** It is time to look how much was moved; `hasFailed` tells of what cannot be known. */
  checkThroughput(nowMs: number, hasFailed: boolean): void {
    const { throughput, moved } = this;
    if (!this.isLive || throughput.dueMs > nowMs) return;
    if (throughput.isTooSlow(moved, hasFailed)) this.fail('ERR_IDLE_TIMEOUT');
    else throughput.begin(nowMs, moved);
  }

  stall(): void {
    this.upload?.stall();
  }

  readOn(nowMs: number): void {
    this.changeUpload(nowMs, (upload) => {
      if (upload.flowing) upload.flow();
      else upload.stalled = false;
    });
  }

  #send(bytes: Uint8Array, nowMs: number): void {
    const verdict = this.changeUpload(nowMs, (upload) => upload.send(bytes));
    if (verdict === 'broken') this.fail('ERR_BODY_LENGTH');
  }

  #finish(nowMs: number): void {
    const verdict = this.changeUpload(nowMs, (upload) => upload.finish());
    if (verdict === 'broken') this.fail('ERR_BODY_LENGTH');
  }

  /** All that the source has is read, as soon as somebody reads it (U2). */
  #read(nowMs: number): void {
    const { source, upload } = this;
    for (const step of source?.take() ?? []) {
      if (source === undefined || upload?.state !== 'open') return;
      source.isOver = step.type === 'end' || step.type === 'fail';
      if (step.type === 'chunk') this.#send(Buffer.from(step.bytes), nowMs);
      else if (step.type === 'end') this.#finish(nowMs);
      // No peer and no worker has failed: whoever gave the body has given it up.
      else this.stop('ERR_CANCELLED');
    }
  }
}
