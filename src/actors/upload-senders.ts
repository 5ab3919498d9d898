/**
 * Those who wait in an upload: first the senders whose chunk is taken and who wait for room, behind
 * them those whose chunk is only offered and still their own.
 *
 * Invariants: chunks are taken in the order of the calls; every promise handed out settles, at the
 * latest with `release`.
 */

export interface Offer {
  readonly chunk: Uint8Array;
  /** Its bytes are the library's own: nothing to copy. */
  readonly owned: boolean;
  /** Its sender was told already that it is taken (see `pool/port/remote-upload`). */
  readonly accepted: boolean;
}

type Answer = (taken: boolean) => void;

interface WaitingOffer extends Offer {
  readonly answer: Answer;
}

export class UploadSenders {
  #offers: WaitingOffer[] = [];
  #waiting: Answer[] = [];
  #released = false;

  /** Whether chunks are offered that are not taken. */
  get hasOffers(): boolean {
    return this.#offers.length > 0;
  }

  get offeredBytes(): number {
    return bytesOf(this.#offers);
  }

  /** Those of them whose senders were told that they are taken. */
  get acceptedBytes(): number {
    return bytesOf(this.#offers.filter(({ accepted }) => accepted));
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

  /** The chunk of `next` is taken. */
  taken({ answer }: WaitingOffer, hasRoom: boolean): void {
    if (hasRoom || this.#released) answer(!this.#released);
    else this.#waiting.push(answer);
  }

  /** Answers those whose chunk is not taken with `false`; returns what they offered. */
  drop(): readonly Offer[] {
    const offers = this.#offers;
    this.#offers = [];
    for (const { answer } of offers) answer(false);
    return offers;
  }

  /** Answers everybody with `false`, and whoever would wait after this. */
  release(): void {
    this.#released = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answer of waiting) answer(false);
    this.drop();
  }
}

function bytesOf(offers: readonly Offer[]): number {
  let bytes = 0;
  for (const { chunk } of offers) bytes += chunk.byteLength;
  return bytes;
}
