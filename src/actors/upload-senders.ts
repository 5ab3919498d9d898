/**
 * Those who wait in an upload: first the senders whose chunk is taken and who wait for room, behind
 * them those whose chunk is only offered and still their own.
 *
 * Invariants: chunks are taken in the order of the calls; every promise handed out settles, at the
 * latest with `release`.
 */

import { Fifo } from './fifo.ts';

export interface Offer {
  readonly chunk: Uint8Array;
  /** Its bytes are the library's own: nothing to copy. */
  readonly owned: boolean;
  /** A part of it is taken, or its sender was told that it is (see `pool/port/remote-upload`). */
  readonly accepted: boolean;
}

type Answer = (taken: boolean) => void;

export interface WaitingOffer extends Offer {
  readonly answer: Answer;
}

export class UploadSenders {
  #offers = new Fifo<WaitingOffer>();
  #waiting: Answer[] = [];
  #released = false;

  /** Whether chunks are offered that are not taken. */
  get hasOffers(): boolean {
    return this.#offers.length > 0;
  }

  get offeredBytes(): number {
    return bytesOf(this.#offers);
  }

  /** Those of them that belong to the body whatever becomes of their senders. */
  get acceptedBytes(): number {
    return bytesOf([...this.#offers].filter(({ accepted }) => accepted));
  }

  /** Waits until the chunk is taken and there is room for more. */
  offer({ chunk, owned, accepted }: Offer): Promise<boolean> {
    return new Promise((answer) => this.#offers.push({ chunk, owned, accepted, answer }));
  }

  /** Waits for room: the chunk is taken. */
  wait(): Promise<boolean> {
    if (this.#released) return Promise.resolve(false);
    return new Promise((answer) => this.#waiting.push(answer));
  }

  /** There is room: those whose chunk is taken may go on. */
  admit(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const answer of waiting) answer(true);
  }

  /** The chunk whose turn it is to be taken; its sender is answered, or waits on as `taken`. */
  next(): WaitingOffer | undefined {
    return this.#offers.shift();
  }

  /** A part of the chunk of `next` is taken; the rest is still the next. */
  putBack(offer: WaitingOffer, rest: Uint8Array): void {
    this.#offers.unshift({ ...offer, chunk: rest, accepted: true });
  }

  /** The chunk of `next` is taken. */
  taken({ answer }: WaitingOffer, hasRoom: boolean): void {
    if (hasRoom || this.#released) answer(!this.#released);
    else this.#waiting.push(answer);
  }

  /** Those whose chunk is not taken, who are to be answered now. */
  drop(): readonly WaitingOffer[] {
    const offers = [...this.#offers];
    this.#offers = new Fifo();
    return offers;
  }

  /** Answers everybody with `false`, and whoever would wait after this. */
  release(): void {
    this.#released = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answer of waiting) answer(false);
    for (const { answer } of this.drop()) answer(false);
  }
}

function bytesOf(offers: Iterable<Offer>): number {
  let bytes = 0;
  for (const { chunk } of offers) bytes += chunk.byteLength;
  return bytes;
}
