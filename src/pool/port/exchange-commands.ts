/**
 * What a caller's thread tells the pool about one of its exchanges.
 *
 * Invariant: bytes that are handed over cross by transfer, and are empty here afterwards.
 */

import type { Command, WireCall } from './protocol.ts';

/** Takes commands in their order. */
export interface CommandTaker {
  command(command: Command, transfer?: readonly ArrayBuffer[]): void;
}

export class ExchangeCommands {
  readonly #ref: string;
  readonly #taker: CommandTaker;

  constructor(ref: string, taker: CommandTaker) {
    this.#ref = ref;
    this.#taker = taker;
  }

  request(call: WireCall): void {
    const bytes = typeof call.body === 'object' ? call.body.bytes : undefined;
    // A copy of our own (see `packCall`).
    const transfer = typeof bytes === 'object' ? [bytes.buffer as ArrayBuffer] : [];
    this.#taker.command({ type: 'request', ref: this.#ref, call }, transfer);
  }

  body(chunk: Uint8Array<ArrayBuffer>): void {
    this.#taker.command({ type: 'body', ref: this.#ref, chunk }, [chunk.buffer]);
  }

  finish(): void {
    this.#taker.command({ type: 'finish', ref: this.#ref });
  }

  sourceFailed(): void {
    this.#taker.command({ type: 'source_failed', ref: this.#ref });
  }

  grant(bytes: number): void {
    this.#taker.command({ type: 'grant', ref: this.#ref, bytes });
  }

  cancel(): void {
    this.#taker.command({ type: 'cancel', ref: this.#ref });
  }

  callerDied(heard: boolean): void {
    this.#taker.command({ type: 'caller_died', ref: this.#ref, heard });
  }

  receiverDied(): void {
    this.#taker.command({ type: 'receiver_died', ref: this.#ref });
  }
}
