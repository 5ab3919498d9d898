/**
 * What is expected of one exchange: where it stands, what has come of it, and how it ends. What
 * happens to it is in `expected-exchange`.
 */

import type { ErrorCode } from '../../../src/index.ts';
import type { Claim } from '../../../src/pool/waiting-line.ts';
import type { Version } from '../../helpers/either-peer.ts';
import { ExpectedResponse } from './expected-response.ts';
import { ExpectedSource } from './expected-source.ts';
import { ExpectedThroughput, type Moved } from './expected-throughput.ts';
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

export class ExpectedRecord {
  readonly id: string;
  readonly spec: Spec;
  readonly version: Version;
  /** Whose it is, where it goes, when it came. */
  readonly claim: Claim;
  readonly response: ExpectedResponse;
  readonly upload: ExpectedUpload | undefined;
  readonly source: ExpectedSource | undefined;
  readonly times: ExpectedTimes;
  readonly throughput: ExpectedThroughput;
  readonly awaits: ExpectedAwait[] = [];
  readonly receives: ExpectedReceive[] = [];
  phase: ExpectedPhase = 'queued';
  audience: ExpectedAudience = 'listening';
  outcome: 'done' | ErrorCode | undefined;
  /** Bytes that the first `await` to conclude took out of a mailbox. */
  awaitedBytes: number | undefined;
  /** An `await` concludes as soon as it is known what the one who reads the mailbox has got. */
  isConcluding = false;
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
  /** Why its body, if it is cut, was cut. */
  endedBy: 'death' | 'response' | 'failure' | undefined;

  constructor(id: string, spec: Spec, version: Version, claim: Claim) {
    this.id = id;
    this.spec = spec;
    this.version = version;
    this.claim = claim;
    const isMailbox = spec.reply === 'mailbox';
    const window = spec.window ?? (isMailbox ? MAILBOX_WINDOW_BYTES : Number.POSITIVE_INFINITY);
    this.response = new ExpectedResponse(spec.stream, isMailbox, window);
    this.upload = spec.body === 'upload' ? new ExpectedUpload(spec.contentLength) : undefined;
    this.source = spec.source === undefined ? undefined : new ExpectedSource();
    this.times = new ExpectedTimes(spec.limits, claim.nowMs);
    this.throughput = new ExpectedThroughput(spec.limits.minThroughput);
  }

  get isLive(): boolean {
    return this.phase !== 'settled';
  }

  get isQueued(): boolean {
    return this.phase === 'queued';
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

  /** Bytes of both directions. */
  get moved(): Moved {
    const { response, upload } = this;
    const received = response.isCaughtUp ? response.written : response.delivered;
    const isSure = upload === undefined || !(upload.stalled || upload.isMuddy);
    const sent = isSure ? (upload?.released ?? 0) : 0;
    const mostSent = isSure ? sent : (upload?.accepted ?? 0);
    return { least: received + sent, most: response.written + mostSent };
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
    this.settleAs(code, code === 'ERR_CALLER_DIED' ? 'death' : 'failure');
  }

  /** Delivers what can be delivered, and sees the end of the response when it is reached. */
  progress(nowMs: number): void {
    if (!this.isLive) return;
    const { response, moved } = this;
    const before = response.delivered;
    response.deliver();
    this.throughput.reads(!response.isCaughtUp, nowMs, moved);
    if (response.looping) response.readAll();
    // What was held is delivered; whether more came out of the socket is not known.
    if (response.delivered > before) this.times.moved(nowMs, false);
    if (!response.isCaughtUp) return;
    if (response.ended) {
      const hidden = this.audience === 'orphaned' ? 'ERR_CALLER_DIED' : 'ERR_CANCELLED';
      this.settleAs(this.audience === 'listening' ? 'done' : hidden, 'response');
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
  protected mute(nowMs: number): void {
    const { moved } = this;
    if (!this.response.isCaughtUp) this.times.moved(nowMs, false);
    this.response.mute();
    this.throughput.reads(false, nowMs, moved);
  }

  protected settleAs(outcome: 'done' | ErrorCode, by: 'death' | 'response' | 'failure'): void {
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
      // Who reads the mailbox at the same time is served before.
      if (response.looping) this.conclude();
      else this.isConcluding = true;
    }
    response.looping = false;
  }

  /** Something of the upload changes, which may move bytes. */
  protected changeUpload<T>(nowMs: number, change: (upload: ExpectedUpload) => T): T | undefined {
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
    this.noteReached();
  }

  /** Over HTTP/1.1 the head of an upload leaves with its first byte, or its end. */
  protected noteReached(): void {
    if (this.phase !== 'waiting' && this.phase !== 'receiving') return;
    const { upload } = this;
    if (this.version === '2' || upload === undefined) this.reached = true;
    else if (upload.released > 0 || upload.state !== 'open') this.reached = true;
  }
}

function isSent({ state }: ExpectedUpload): boolean {
  return state === 'ended_by_caller' || state === 'ended_by_death';
}
