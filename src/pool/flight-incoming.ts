/**
 * The receiving side of one exchange: what comes of its response goes to whoever receives it, or is
 * kept for `await`, or is read to its end for nobody.
 *
 * Invariants: nothing of a response larger than `maxResponseBytes` is kept or delivered beyond it;
 * one that nobody wants is read for so many bytes and no more.
 */

import type { Head } from '../actors/carrier.ts';
import type { ExchangeEvent, ExchangeState } from '../actors/request-lifecycle.ts';
import type { ErrorCode } from '../errors.ts';
import type { DoneMessage, PoolResponse, ResponseHeaders, TerminalMessage } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import { Delivery, type DeliverySource } from './delivery.ts';
import type { FlightClock } from './flight-clock.ts';
import type { FlightEnd } from './flight-end.ts';
import { ENDED, ENDED_WHILE_HELD, HEAD_RECEIVED, HELD_DELIVERED } from './flight-events.ts';
import { FlightResponse, responseEnd } from './flight-response.ts';

/** A response that nobody wants is read this far, for the sake of its connection (C2). */
const DRAIN_BYTES = 16 * 1024 * 1024;

/** The exchange, as its receiving side sees it. */
export interface Receiving {
  readonly ref: string;
  readonly request: ResolvedRequest;
  readonly state: ExchangeState;
  readonly clock: FlightClock;
  readonly end: FlightEnd;
  readonly loops: number;
  readonly attempt:
    | { readonly transfer: { pause(): void; resume(): void } | undefined }
    | undefined;
  apply(event: ExchangeEvent): void;
  fail(code: ErrorCode, cause: unknown): void;
}

export class FlightIncoming implements DeliverySource {
  readonly response = new FlightResponse();
  readonly #flight: Receiving;
  #delivery: Delivery | undefined;
  #drainedBytes = 0;
  #whole: PoolResponse | undefined;

  constructor(flight: Receiving) {
    const { stream, replyTo, window } = flight.request;
    this.#flight = flight;
    if (stream || replyTo !== undefined) this.#delivery = new Delivery(this, window, replyTo);
  }

  /** Its messages; a buffered exchange has its one message here too. */
  get delivery(): Delivery {
    if (this.#delivery === undefined) {
      this.#delivery = new Delivery(this, Number.POSITIVE_INFINITY, undefined);
      const { terminal } = this.#flight.end;
      if (terminal !== undefined) this.#delivery.end(terminal);
    }
    return this.#delivery;
  }

  /** Bytes that could be received now without a pause after them. */
  get room(): number {
    return this.#delivery?.room ?? Number.POSITIVE_INFINITY;
  }

  get isPaused(): boolean {
    return this.#delivery?.paused === true;
  }

  // --- what the transfer reports --------------------------------------------------------------

  begin(head: Head): void {
    this.response.head = head;
    this.#flight.apply(HEAD_RECEIVED);
  }

  receive(chunk: Uint8Array): void {
    const { response } = this;
    const { state, request } = this.#flight;
    response.bytesReceived += chunk.byteLength;
    if (state.type === 'settled') return;
    if (state.audience !== 'listening') this.#drain(chunk.byteLength);
    else if (response.bytesReceived > request.maxResponseBytes) this.#tooMuch();
    else if (request.stream) this.#delivery?.data(chunk);
    else response.keep(chunk);
  }

  finish(trailers: ResponseHeaders): void {
    this.response.trailers = trailers;
    this.#flight.apply(this.#delivery?.holds === true ? ENDED_WHILE_HELD : ENDED);
  }

  // --- what the receiver asks -----------------------------------------------------------------

  grant(bytes: number): void {
    const { state, request } = this.#flight;
    if (state.type !== 'settled' && request.stream) this.#delivery?.grant(bytes);
  }

  /** `await` waits for the body; it is read for it where nobody else reads it (A1). */
  collect(): void {
    this.#delivery?.collect();
  }

  stopCollecting(): void {
    this.#delivery?.stopCollecting();
  }

  /** The response for `await`; the same each time (A2). */
  whole(done: DoneMessage): PoolResponse {
    const { request } = this.#flight;
    this.#whole ??=
      done.response ?? this.response.whole(responseEnd(request, done), this.#delivery?.takeBody());
    return this.#whole;
  }

  // --- what the lifecycle asks ----------------------------------------------------------------

  announce(): void {
    const { request, ref } = this.#flight;
    const message = request.stream ? this.response.statusMessage(ref) : undefined;
    if (message !== undefined) this.#delivery?.status(message);
  }

  mute(): void {
    this.response.drop();
    this.#delivery?.mute();
  }

  /** Nobody reads what is delivered and not read. */
  discard(): void {
    this.#delivery?.discard();
  }

  end(terminal: TerminalMessage): void {
    this.#delivery?.end(terminal);
  }

  // --- what delivery asks ---------------------------------------------------------------------

  get ref(): string {
    return this.#flight.ref;
  }

  get loops(): number {
    return this.#flight.loops;
  }

  pauseReading(): void {
    this.#flight.attempt?.transfer?.pause();
  }

  resumeReading(): void {
    this.#flight.clock.measureThroughput();
    this.#flight.attempt?.transfer?.resume();
  }

  heldDelivered(): void {
    if (this.#flight.state.type === 'ending') this.#flight.apply(HELD_DELIVERED);
  }

  #drain(bytes: number): void {
    if (Number.isNaN(this.#flight.clock.drainUntilMs)) return;
    this.#drainedBytes += bytes;
    if (this.#drainedBytes > DRAIN_BYTES) this.#tooMuch();
  }

  #tooMuch(): void {
    this.#flight.fail('ERR_TOO_LARGE', undefined);
  }
}
