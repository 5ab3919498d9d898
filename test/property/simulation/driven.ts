/**
 * One exchange as whoever drives it sees it: what was asked of the pool, what came back, and the
 * wire it runs on. It is the exchange's `Ledger`, kept without looking into the pool.
 */

import {
  type AsyncHandle,
  type Message,
  type Pool,
  type PoolResponse,
  type ReplyTo,
  RequestError,
  type RequestOptions,
  type TerminalMessage,
} from '../../../src/index.ts';
import type { Ledger, Sent, UploadLedger } from '../invariants.ts';
import type { Wire } from './wire.ts';

export interface DrivenOptions {
  /** Unique in its pool; by default the path of the request, by which its wires are found. */
  readonly id: number;
  readonly origin?: string;
  readonly path?: string;
  readonly request: RequestOptions;
  /** Whether messages stay in the mailbox until `read`, or are delivered to a function. */
  readonly mailbox: boolean;
  /** Makes another kind of receiver of that function. */
  readonly receiver?: (receive: (message: Message) => void) => ReplyTo;
}

/** How an `await` ended; `undefined` while it waits. */
export type Awaited = { readonly response: PoolResponse } | { readonly error: unknown } | undefined;

export class Driven implements Ledger {
  readonly id: number;
  readonly label: string;
  readonly stream: boolean;
  readonly window: number;
  readonly mailbox: boolean;
  readonly messages: Message[] = [];
  readonly upload: UploadLedger | undefined;
  /** The outcomes of all `await`s so far. */
  readonly awaits: Awaited[] = [];
  granted = 0;
  /** Bytes of `data` in the messages. */
  deliveredBytes = 0;
  /** The dispatch it runs on, or ran on last. */
  wire: Wire | undefined;
  handle: AsyncHandle | undefined;
  /** Called within each delivery to the function. */
  onMessage: (message: Message) => void = () => {};
  readonly #pool: Pool;
  readonly #request: RequestOptions;
  readonly #url: string;
  readonly #sent: Sent[] = [];
  readonly #receiver: ReplyTo | undefined;
  #loop: AsyncIterator<Message> | undefined;

  constructor(pool: Pool, options: DrivenOptions) {
    const {
      id,
      request,
      mailbox,
      receiver,
      origin = 'http://peer.test',
      path = `/${id}`,
    } = options;
    this.#pool = pool;
    this.#url = origin + path;
    if (!mailbox) this.#receiver = receiver?.(this.#receive) ?? this.#receive;
    this.#request = request;
    this.id = id;
    this.label = `exchange ${id}`;
    this.mailbox = mailbox;
    this.stream = request.stream === true;
    // A mailbox returns the credit of what is read, so what was read is what bounds it.
    this.window = this.stream ? (request.window ?? Number.POSITIVE_INFINITY) : 0;
    this.upload = request.streamBody === true ? this.#uploadLedger() : undefined;
  }

  /** Asks for it; throws what the pool throws. */
  launch(): void {
    const request = { ...this.#request, url: this.#url, replyTo: this.#receiver };
    this.handle = this.#pool.request(request);
  }

  get end(): TerminalMessage | undefined {
    const last = this.messages.at(-1);
    return last?.type === 'done' || last?.type === 'error' ? last : undefined;
  }

  /** `done`, or the code of the error; `undefined` while it runs. */
  get outcome(): string | undefined {
    const { end } = this;
    return end?.type === 'error' ? end.error.code : end?.type;
  }

  /** Whether the pool still runs it. */
  get isRunning(): boolean {
    if (this.handle === undefined || this.end !== undefined) return false;
    try {
      return this.#pool.handle(this.handle.ref).ref === this.handle.ref;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'ERR_UNKNOWN_HANDLE') return false;
      throw error;
    }
  }

  /** Sends a chunk; resolves as `sendBody` does. */
  async send(bytes: Uint8Array): Promise<boolean> {
    if (this.handle === undefined) return false;
    const sent: Sent = { bytes, answer: undefined };
    this.#sent.push(sent);
    // The caller may reuse its buffer once it was answered (U1), so a copy is sent.
    const copy = Uint8Array.from(bytes);
    const answer = await this.#pool.sendBody(this.handle, copy);
    sent.answer = answer;
    copy.fill(0);
    return answer;
  }

  finish(): void {
    if (this.handle === undefined || this.upload === undefined) return;
    const { finish } = this.upload;
    finish.asked = true;
    void this.#pool.finishBody(this.handle).then((answer) => {
      finish.answer = answer;
    });
  }

  cancel(reason?: unknown): void {
    if (this.handle !== undefined) this.#pool.cancel(this.handle, reason);
  }

  grant(bytes: number): void {
    if (this.handle === undefined) return;
    // First noted: the pool delivers within the call.
    this.granted += bytes;
    this.#pool.updateFlow(this.handle, bytes);
  }

  /** Reads one message from the mailbox, once there is one. */
  read(timeout?: number): void {
    if (this.handle === undefined) return;
    void this.#pool.receive(this.handle, { timeout }).then((message) => {
      if (message !== undefined) this.#read(message);
    });
  }

  /** Takes one message by a `messages` loop. */
  iterate(): void {
    if (this.handle === undefined) return;
    this.#loop ??= this.#pool.messages(this.handle);
    void this.#loop.next().then(({ done, value }) => {
      if (done !== true) this.#read(value);
    });
  }

  /** Whether such a loop has begun. */
  get iterates(): boolean {
    return this.#loop !== undefined;
  }

  /** Leaves that loop, which cancels (M4). */
  leave(): void {
    void this.#loop?.return?.();
  }

  /** Awaits the exchange; resolves when that is over, with a response or not. */
  async await(timeout?: number): Promise<void> {
    if (this.handle === undefined) return;
    const index = this.awaits.push(undefined) - 1;
    try {
      this.awaits[index] = { response: await this.#pool.await(this.handle, { timeout }) };
    } catch (error) {
      this.awaits[index] = { error };
    }
  }

  readonly #receive = (message: Message): void => {
    this.#take(message);
    this.onMessage(message);
  };

  #read(message: Message): void {
    if (message.type === 'data') this.granted += message.chunk.byteLength;
    this.#take(message);
    this.onMessage(message);
  }

  #take(message: Message): void {
    if (message.type === 'data') this.deliveredBytes += message.chunk.byteLength;
    this.messages.push(message);
  }

  #uploadLedger(): UploadLedger {
    const driven = this;
    return {
      sent: this.#sent,
      finish: { asked: false, answer: undefined },
      get arrived() {
        return driven.wire?.arrived ?? [];
      },
      get arrivedWhole() {
        return driven.wire?.arrivedWhole;
      },
    };
  }
}
