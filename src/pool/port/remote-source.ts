/**
 * The body of a request that is read in the caller's thread, as a source in the pool's.
 *
 * Invariant: it asks for the first chunk when the exchange begins to read it and not before, takes
 * each once, and says when it is no longer read.
 */

/** What the source tells the other thread. */
export interface SourceReports {
  wanted(): void;
  took(bytes: number): void;
  unwanted(): void;
}

type Step = IteratorResult<Uint8Array, undefined>;

const END: Step = { done: true, value: undefined };

export class RemoteSource implements AsyncIterable<Uint8Array> {
  readonly #reports: SourceReports;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #waiting: PromiseWithResolvers<Step> | undefined;
  #state: 'unread' | 'open' | 'ended' | 'failed' | 'left' = 'unread';

  constructor(reports: SourceReports) {
    this.#reports = reports;
  }

  /** Bytes that came and were not taken yet. */
  get bytes(): number {
    return this.#bytes;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#state = 'open';
    this.#reports.wanted();
    return { next: () => this.#next(), return: () => this.#return() };
  }

  push(chunk: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    this.#settle();
  }

  finish(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#settle();
  }

  fail(): void {
    if (this.#state === 'open') this.#state = 'failed';
    this.#settle();
  }

  #next(): Promise<Step> {
    this.#waiting = Promise.withResolvers<Step>();
    const { promise } = this.#waiting;
    this.#settle();
    return promise;
  }

  #return(): Promise<Step> {
    if (this.#state === 'open') this.#reports.unwanted();
    this.#state = 'left';
    this.#chunks.length = 0;
    this.#settle();
    return Promise.resolve(END);
  }

  #settle(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const chunk = this.#chunks.shift();
    if (chunk === undefined && this.#state === 'open') return;
    this.#waiting = undefined;
    if (chunk !== undefined) {
      this.#bytes -= chunk.byteLength;
      this.#reports.took(chunk.byteLength);
      waiting.resolve({ done: false, value: chunk });
    } else if (this.#state === 'failed') {
      waiting.reject(new Error('the source of the body failed in the thread of its caller'));
    } else {
      waiting.resolve(END);
    }
  }
}
