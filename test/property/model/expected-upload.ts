/**
 * What has to become of an upload in pieces: the answers to its senders, and what the peer sees.
 *
 * Where a peer does not read, and more was sent than surely fits between here and there, it cannot
 * be known how far the body has come. Then an answer is `open`: it may be there or not, until the
 * peer reads on or the exchange ends.
 */

import { SURELY_BUFFERED_BYTES, UPLOAD_BUFFER_BYTES } from './spec.ts';

/** `waits`: not there; `open`: there and true, or not there; `unknown`: there or not; `any`: there. */
export type Answer = boolean | 'waits' | 'open' | 'unknown' | 'any';

export interface ExpectedSend {
  readonly bytes: Uint8Array;
  answer: Answer;
}

export type UploadState =
  | 'open'
  | 'finishing'
  | 'abandoned'
  | 'ended_by_caller'
  | 'ended_by_death'
  | 'ended_by_response'
  | 'ended_by_failure';

export class ExpectedUpload {
  readonly sends: ExpectedSend[] = [];
  readonly finishes: Answer[] = [];
  readonly contentLength: number | undefined;
  state: UploadState = 'open';
  /** Bytes of all chunks that were not refused. */
  accepted = 0;
  /** Whether the transport takes what it gets. */
  flowing = false;
  stalled = false;
  /** Whether it is not known if the body was whole when the exchange ended. */
  wasEndUnknown = false;
  #sinceStall = 0;

  constructor(contentLength: number | undefined) {
    this.contentLength = contentLength;
  }

  get isUploading(): boolean {
    return this.state === 'open' || this.state === 'finishing' || this.state === 'abandoned';
  }

  /** Whether it cannot be known how far the body has come. */
  get isMuddy(): boolean {
    return this.sends.some(({ answer }) => typeof answer === 'string');
  }

  /** Whether to end it now matches what was declared. */
  get finishable(): boolean {
    if (this.state !== 'open') return true;
    return this.contentLength === undefined || this.contentLength === this.accepted;
  }

  /** Bytes that can have left: the last declared one waits for the finish. */
  get released(): number {
    const held = this.state === 'open' && this.accepted === this.contentLength ? 1 : 0;
    return this.flowing ? this.accepted - held : 0;
  }

  /** A chunk is sent; `broken` when it is one byte too many. */
  send(bytes: Uint8Array): 'taken' | 'broken' {
    const answer = this.#answerTo(bytes.byteLength);
    if (answer === 'broken') {
      this.sends.push({ bytes, answer: false });
      return 'broken';
    }
    if (answer !== false) this.accepted += bytes.byteLength;
    this.sends.push({ bytes, answer });
    return 'taken';
  }

  /** `finishBody`; `broken` when it is shorter than declared. */
  finish(): 'taken' | 'broken' {
    const [first] = this.finishes;
    if (first !== undefined) {
      // There is one answer for all.
      this.finishes.push(first);
      return 'taken';
    }
    if (this.state === 'open' && !this.finishable) {
      this.finishes.push(false);
      return 'broken';
    }
    this.finishes.push(this.state === 'open' ? 'waits' : this.state === 'ended_by_caller');
    if (this.state === 'open') this.state = 'finishing';
    if (this.isEndUnknown) this.#answerFinishes('open');
    this.#settleIfSent();
    return 'taken';
  }

  /** Finished for a dead caller. */
  abandon(): void {
    this.state = 'abandoned';
    const isMoving = this.flowing && !this.stalled;
    this.#resolve('open', isMoving ? 'any' : 'unknown');
    this.#settleIfSent();
  }

  /** The transport begins to take it, or the peer reads on. */
  flow(): void {
    this.flowing = true;
    this.stalled = false;
    this.#sinceStall = 0;
    this.#resolve('open', true);
    this.#resolve('unknown', 'any');
    this.#settleIfSent();
  }

  stall(): void {
    this.stalled = true;
    this.#sinceStall = 0;
  }

  /** Whether the finish was called on a body of which it is not known how far it has come. */
  get isEndUnknown(): boolean {
    const isEnding = this.state === 'finishing' || this.state === 'abandoned';
    return isEnding && this.stalled && this.isMuddy;
  }

  /** The exchange has ended; what is not over of the upload was cut for this reason. */
  end(by: 'death' | 'response' | 'failure'): void {
    this.wasEndUnknown = this.isEndUnknown;
    if (this.state === 'abandoned') this.state = 'ended_by_death';
    else if (this.isUploading) this.state = `ended_by_${by}`;
    this.#resolve('open', 'any');
    this.#resolve('unknown', 'any');
    this.#answerFinishes(this.wasEndUnknown ? 'any' : this.state === 'ended_by_caller');
  }

  #resolve(from: Answer, to: Answer): void {
    for (const send of this.sends) if (send.answer === from) send.answer = to;
  }

  #answerTo(bytes: number): Answer | 'broken' {
    if (this.state !== 'open') return false;
    if (bytes === 0) return true;
    const { contentLength, accepted } = this;
    if (contentLength !== undefined && accepted + bytes > contentLength) return 'broken';
    if (this.sends.some(({ answer }) => answer === 'open')) return 'open';
    if (this.flowing && !this.stalled) return true;
    if (this.stalled) {
      this.#sinceStall += bytes;
      return this.#sinceStall <= SURELY_BUFFERED_BYTES ? true : 'open';
    }
    return accepted + bytes < UPLOAD_BUFFER_BYTES ? true : 'open';
  }

  #settleIfSent(): void {
    if (!this.flowing || (this.stalled && this.isMuddy)) return;
    if (this.state === 'finishing') this.state = 'ended_by_caller';
    else if (this.state === 'abandoned') this.state = 'ended_by_death';
    else return;
    this.#answerFinishes(this.state === 'ended_by_caller');
  }

  #answerFinishes(answer: Answer): void {
    this.finishes.forEach((given, index) => {
      if (given === 'waits' || given === 'open') this.finishes[index] = answer;
    });
  }
}
