/**
 * What has to become of one exchange, predicted from the contract: its phase, its end, its upload
 * and its response. Nothing here looks at the real pool.
 */

import type { ErrorCode } from '../../../src/index.ts';
import type { Version } from '../../helpers/either-peer.ts';
import { ExpectedResponse } from './expected-response.ts';
import { ExpectedTimes } from './expected-times.ts';
import { ExpectedUpload } from './expected-upload.ts';
import { BODY_BYTES, type Spec } from './spec.ts';

/** `ending`: the end of the response was seen before its last chunk could be delivered. */
export type ExpectedPhase =
  | 'queued'
  | 'connecting'
  | 'waiting'
  | 'receiving'
  | 'ending'
  | 'settled';
export type ExpectedAudience = 'listening' | 'orphaned' | 'deaf';

/** One `await`. */
export interface ExpectedAwait {
  readonly dueMs: number;
  outcome: 'waits' | 'timeout' | 'end';
}

/** One `receive`; what it gives is learned, and checked, when it comes. */
export interface ExpectedReceive {
  readonly dueMs: number;
  outcome: 'waits' | 'timeout' | 'message';
}

const MAILBOX_WINDOW_BYTES = 1024 * 1024;

export class ExpectedExchange {
  readonly id: string;
  readonly spec: Spec;
  readonly version: Version;
  readonly response: ExpectedResponse;
  readonly upload: ExpectedUpload | undefined;
  readonly times: ExpectedTimes;
  readonly awaits: ExpectedAwait[] = [];
  readonly receives: ExpectedReceive[] = [];
  phase: ExpectedPhase = 'queued';
  audience: ExpectedAudience = 'listening';
  outcome: 'done' | ErrorCode | undefined;
  /** Bytes that the first `await` to conclude took out of a mailbox. */
  awaitedBytes: number | undefined;
  receiverDead = false;
  /** Lost its worker before it was on a connection, and waits ahead of all others. */
  isFirst = false;
  /** The peer has broken it off, and a client that does not read has not seen it. */
  broken: ErrorCode | undefined;
  /** Whether the request was, or would have been, seen by the peer. */
  reached = false;
  /** Whether it was cut in a way that the peer has to see. */
  cut = false;
  /** Whether the peer itself has ended it by force. */
  peerBroke = false;
  /** The worker whose death it survived, its response being there whole. */
  survived: number | undefined;
  /** Whether its connection closes when it, and what else runs there, has ended (GOAWAY). */
  isLastOnConnection = false;
  /** Why its body, if it is cut, was cut. */
  endedBy: 'death' | 'response' | 'failure' | undefined;

  constructor(id: string, spec: Spec, version: Version, nowMs: number) {
    this.id = id;
    this.spec = spec;
    this.version = version;
    const isMailbox = spec.reply === 'mailbox';
    const window = spec.window ?? (isMailbox ? MAILBOX_WINDOW_BYTES : Number.POSITIVE_INFINITY);
    this.response = new ExpectedResponse(spec.stream, isMailbox, window);
    this.upload = spec.body === 'upload' ? new ExpectedUpload(spec.contentLength) : undefined;
    this.times = new ExpectedTimes(spec.limits, nowMs);
  }

  get isLive(): boolean {
    return this.phase !== 'settled';
  }

  get isRunning(): boolean {
    return this.isLive && this.phase !== 'queued';
  }

  /** Whether the peer can answer it. */
  get isAtPeer(): boolean {
    return (this.phase === 'waiting' || this.phase === 'receiving') && this.reached;
  }

  /** Whether the peer may say something, and the client hear it. */
  get isAnswerable(): boolean {
    return this.isAtPeer && !this.peerBroke && !this.response.ended;
  }

  get hasOwnReceiver(): boolean {
    return this.spec.reply !== 'mailbox';
  }

  /** Whether its receiver is something that can die. */
  get isReceiverMortal(): boolean {
    return this.spec.reply === 'actor' || this.spec.reply === 'port';
  }

  /** Bytes of the request body that the peer has to see, where that can be known. */
  get releasedBytes(): number {
    if (this.upload !== undefined) return this.upload.released;
    return this.spec.body === 'bytes' ? BODY_BYTES : 0;
  }

  // --- the pool -------------------------------------------------------------------------------

  admit(nowMs: number): void {
    this.isFirst = false;
    this.times.admit(nowMs);
    this.phase = 'connecting';
    if (this.spec.stuck) return;
    this.phase = 'waiting';
    if (this.upload === undefined) this.times.sent(nowMs);
    else this.#upload(nowMs, (upload) => upload.flow());
    this.#noteReached();
  }

  /** Back to the queue, ahead of all. */
  requeue(nowMs: number): void {
    this.phase = 'queued';
    this.isFirst = true;
    this.times.requeue(nowMs);
    if (this.upload !== undefined) this.upload.flowing = false;
  }

  /** It ends; with a code of its own where its audience is gone. */
  fail(code: ErrorCode): void {
    const hidden: Partial<Record<ExpectedAudience, ErrorCode>> = {
      orphaned: 'ERR_CALLER_DIED',
      deaf: 'ERR_CANCELLED',
    };
    this.stop(hidden[this.audience] ?? code);
  }

  /** It ends with this code, whoever listens. */
  stop(code: ErrorCode): void {
    this.#settle(code, code === 'ERR_CALLER_DIED' ? 'death' : 'failure');
  }

  // --- the caller -----------------------------------------------------------------------------

  send(bytes: Uint8Array, nowMs: number): void {
    const { upload } = this;
    if (upload === undefined) return;
    const verdict = this.#upload(nowMs, () => upload.send(bytes));
    if (verdict === 'broken') this.fail('ERR_BODY_LENGTH');
  }

  finish(nowMs: number): void {
    const { upload } = this;
    if (upload === undefined) return;
    const verdict = this.#upload(nowMs, () => upload.finish());
    if (verdict === 'broken') this.fail('ERR_BODY_LENGTH');
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
    this.#mute(nowMs);
    this.times.drain(nowMs);
    this.#upload(nowMs, () => upload.abandon());
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
    this.#mute(nowMs);
    this.progress(nowMs);
  }

  // --- the peer -------------------------------------------------------------------------------

  respond(status: number, declared: number | undefined, nowMs: number): void {
    this.phase = 'receiving';
    this.times.head(nowMs);
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
    response.written += bytes;
    if (bytes > 0) this.times.moved(nowMs, wasCaughtUp);
    this.progress(nowMs);
  }

  end(nowMs: number): void {
    this.response.ended = true;
    this.progress(nowMs);
    // Node's HTTP/2 drops what was received and not read when its peer closes the connection.
    if (this.isLive && this.isLastOnConnection) this.broken = 'ERR_TRUNCATED';
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

  stall(): void {
    this.upload?.stall();
  }

  readOn(nowMs: number): void {
    this.#upload(nowMs, (upload) => {
      if (upload.flowing) upload.flow();
      else upload.stalled = false;
    });
  }

  // --- what follows ---------------------------------------------------------------------------

  /** Delivers what can be delivered, and sees the end of the response when it is reached. */
  progress(nowMs: number): void {
    if (!this.isLive) return;
    const { response } = this;
    const before = response.delivered;
    response.deliver();
    if (response.looping) response.readAll();
    // What was held is delivered; whether more came out of the socket is not known.
    if (response.delivered > before) this.times.moved(nowMs, false);
    if (!response.isCaughtUp) return;
    if (response.ended) {
      const hidden = this.audience === 'orphaned' ? 'ERR_CALLER_DIED' : 'ERR_CANCELLED';
      this.#settle(this.audience === 'listening' ? 'done' : hidden, 'response');
    } else if (this.broken !== undefined) {
      this.fail(this.broken);
    }
  }

  /** What an `await` takes out of the mailbox, when it concludes first. */
  conclude(): void {
    const { response } = this;
    if (this.awaitedBytes !== undefined || this.outcome !== 'done') return;
    if (!response.stream) {
      this.awaitedBytes = response.written;
    } else if (response.isMailbox && !response.looping) {
      this.awaitedBytes = response.delivered - response.readBytes;
      response.delivered = response.readBytes;
    } else {
      this.awaitedBytes = 0;
    }
  }

  /** It is read to its end for nobody. */
  #mute(nowMs: number): void {
    if (!this.response.isCaughtUp) this.times.moved(nowMs, false);
    this.response.mute();
  }

  #settle(outcome: 'done' | ErrorCode, by: 'death' | 'response' | 'failure'): void {
    if (!this.isLive) return;
    const { upload, response } = this;
    const wasUploading = upload?.isUploading === true;
    const isOnTheWire = this.phase !== 'queued' && this.phase !== 'ending';
    if (isOnTheWire && (wasUploading || by !== 'response')) this.cut = true;
    this.phase = 'settled';
    this.outcome = outcome;
    this.endedBy = by;
    upload?.end(by);
    if (outcome === 'ERR_CANCELLED' || outcome === 'ERR_CALLER_DIED') response.discard();
    response.over = true;
    if (response.looping) response.readAll();
    for (const one of this.awaits) {
      if (one.outcome !== 'waits') continue;
      one.outcome = 'end';
      this.conclude();
    }
    response.looping = false;
  }

  /** Something of the upload changes, which may move bytes. */
  #upload<T>(nowMs: number, change: (upload: ExpectedUpload) => T): T | undefined {
    const { upload } = this;
    if (upload === undefined) return undefined;
    const before = { released: upload.released, muddy: upload.isMuddy, over: isSent(upload) };
    const result = change(upload);
    if (this.isRunning && this.phase !== 'connecting') this.#noteMoved(upload, before, nowMs);
    return result;
  }

  #noteMoved(
    upload: ExpectedUpload,
    before: { readonly released: number; readonly muddy: boolean; readonly over: boolean },
    nowMs: number,
  ): void {
    const isSure = !before.muddy && !upload.isMuddy;
    if (upload.released > before.released || before.muddy) this.times.moved(nowMs, isSure);
    if (isSent(upload) && !before.over) this.times.sent(nowMs);
    if (upload.released > before.released && !Number.isNaN(this.times.drainMs)) {
      this.times.drain(nowMs);
    }
    if (this.audience === 'deaf' && upload.state === 'ended_by_caller' && !before.over) {
      this.times.drain(nowMs);
    }
    this.#noteReached();
  }

  /** Over HTTP/1.1 the head of an upload leaves with its first byte, or its end. */
  #noteReached(): void {
    if (this.phase !== 'waiting' && this.phase !== 'receiving') return;
    const { upload } = this;
    if (this.version === '2' || upload === undefined) this.reached = true;
    else if (upload.released > 0 || upload.state !== 'open') this.reached = true;
  }
}

function isSent({ state }: ExpectedUpload): boolean {
  return state === 'ended_by_caller' || state === 'ended_by_death';
}
