/**
 * The way of an upload from the caller's thread into the pool's, under the pool's credit.
 *
 * A chunk is *sent* when there is room: copied into a buffer of its own, which crosses by transfer.
 * Until the pool has taken it, it counts. A chunk that finds no room is *offered*: it still belongs
 * to its sender. A sender is answered `true` when its chunk was sent and there is room for more,
 * `false` when the upload ends first (U2, U3).
 *
 * Invariants: bytes leave in call order, each once; every promise handed out settles; at most half
 * of `uploadBuffer` and one chunk are under way, the other half is the pool's.
 */

import { Fifo } from '../../actors/fifo.ts';
import { SenderGarbage } from '../../actors/nursery.ts';
import type { ResolvedRequest } from '../../resolved-options.ts';
import { BodyPump, type PumpObserver } from '../body-pump.ts';
import { giveUpUnread } from '../body-source.ts';
import type { ExchangeCommands } from './exchange-commands.ts';
import { SyncPump } from './sync-pump.ts';
import { shareOfBuffer } from './wire-call.ts';

export interface UploadPort extends PumpObserver {
  readonly commands: Pick<ExchangeCommands, 'body' | 'finish'>;
  /** The memory of a chunk was transferred away before it was sent. */
  bodyGone(): void;
}

interface Offer {
  readonly chunk: Uint8Array;
  readonly owned: boolean;
  readonly answer: (taken: boolean) => void;
}

export class RemoteUpload {
  readonly #port: UploadPort;
  readonly #source: ResolvedRequest['source'];
  readonly #limit: number;
  readonly #isSync: boolean;
  /** Bytes that may still be sent of a declared length. */
  #left: number;
  /** Bytes sent that the pool has not taken. */
  #underWay = 0;
  readonly #garbage = new SenderGarbage();
  #offered = new Fifo<Offer>();
  /** Senders whose chunk was sent and who wait for room. */
  #waiting: ((taken: boolean) => void)[] = [];
  #state: 'open' | 'finished' | 'closed' = 'open';
  #finish: PromiseWithResolvers<boolean> | undefined;
  #pump: BodyPump | SyncPump | undefined;
  /** Whether the body was handed over whole. */
  #whole = false;

  /** `isSync`: the caller blocks, and what it reads its body from is moved by `feed`. */
  constructor(
    port: UploadPort,
    { uploadBuffer, source, contentLength }: ResolvedRequest,
    isSync = false,
  ) {
    this.#isSync = isSync;
    this.#port = port;
    this.#source = source;
    this.#limit = shareOfBuffer(uploadBuffer);
    this.#left = contentLength ?? Number.POSITIVE_INFINITY;
  }

  write(chunk: Uint8Array, owned: boolean): Promise<boolean> {
    if (this.#state !== 'open') return Promise.resolve(false);
    if (chunk.byteLength === 0) return Promise.resolve(true);
    this.#garbage.passed(chunk);
    if (this.#offered.length === 0 && this.hasRoom) {
      if (!this.#send(chunk, owned)) return Promise.resolve(false);
      if (this.hasRoom) return Promise.resolve(true);
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    return new Promise((answer) => this.#offered.push({ chunk, owned, answer }));
  }

  /** Ends the body after what was offered so far; `true` once it is handed over whole (U4). */
  finish(): Promise<boolean> {
    if (this.#finish !== undefined) return this.#finish.promise;
    this.#finish = Promise.withResolvers<boolean>();
    if (this.#state === 'closed') this.#finish.resolve(this.#whole);
    if (this.#state === 'open') {
      this.#state = 'finished';
      if (this.#offered.length === 0) this.#port.commands.finish();
    }
    return this.#finish.promise;
  }

  /** The pool begins to read the body. */
  start(): void {
    const source = this.#source;
    if (source === undefined || this.#pump !== undefined || this.#state === 'closed') return;
    try {
      this.#pump = this.#isSync
        ? new SyncPump(source, this, this.#port)
        : new BodyPump(source, this, this.#port);
    } catch (error) {
      this.#port.sourceFailed(error);
      return;
    }
    this.#pump.run();
  }

  /** Reads as much of the source as there is room for, for a thread that blocks. */
  feed(): void {
    if (this.#pump instanceof SyncPump) this.#pump.run();
  }

  /** The pool has taken so many bytes more; with `open` false it takes nothing after them. */
  took(bytes: number, open: boolean): void {
    this.#underWay -= bytes;
    if (!open) this.#release();
    while (this.hasRoom) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const answer of waiting) answer(true);
      const offer = this.#offered.shift();
      if (offer === undefined) return;
      if (this.#send(offer.chunk, offer.owned)) this.#waiting.push(offer.answer);
      else offer.answer(false);
      if (this.#state === 'finished' && this.#offered.length === 0) this.#port.commands.finish();
    }
  }

  /** What the pool says to the finish. */
  finished(whole: boolean): void {
    this.#whole = whole;
    this.#finish?.resolve(whole);
  }

  /** Nothing more is sent; what is under way arrives, and is answered when it is taken (C2). */
  abandon(): void {
    this.#stopReading();
    this.#drop();
  }

  /** The exchange has ended. */
  close(whole: boolean): void {
    this.#stopReading();
    this.#release();
    this.finished(whole);
  }

  #stopReading(): void {
    if (this.#pump !== undefined) this.#pump.stop();
    else if (this.#source !== undefined) giveUpUnread(this.#source);
  }

  /** Whether a chunk would be sent at once. */
  get hasRoom(): boolean {
    return this.#underWay < this.#limit;
  }

  /** Whether it is within what was declared; one byte too many is for the pool to end it by (U5). */
  #send(chunk: Uint8Array, owned: boolean): boolean {
    // It was offered with bytes: to leave them out in silence would falsify the body.
    if (chunk.byteLength === 0) {
      this.#port.bodyGone();
      return false;
    }
    this.#underWay += chunk.byteLength;
    this.#left -= chunk.byteLength;
    this.#port.commands.body(owned && isWhole(chunk) ? chunk : new Uint8Array(chunk));
    if (this.#left >= 0) return true;
    this.#release();
    return false;
  }

  /** Answers all whose chunk was not sent. */
  #drop(): void {
    this.#state = 'closed';
    const offered = this.#offered;
    this.#offered = new Fifo();
    for (const { answer } of offered) answer(false);
  }

  /** Answers all who wait: the pool takes nothing more. */
  #release(): void {
    this.#drop();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answer of waiting) answer(false);
  }
}

function isWhole(chunk: Uint8Array): chunk is Uint8Array<ArrayBuffer> {
  return chunk.buffer instanceof ArrayBuffer && chunk.buffer.byteLength === chunk.byteLength;
}
