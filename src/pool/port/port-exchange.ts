/**
 * One exchange that was asked for through a port, in the thread of the pool.
 *
 * It stands for the caller there: what comes over the port it does to the record, what the record
 * tells its receiver it reports back.
 *
 * Invariant: a sender on the other side gets an answer for each byte it has sent, as long as the
 * exchange lives; who sends more than it was allowed ends its own exchange.
 */

import type { Message } from '../../messages.ts';
import type { ResolvedDefaults, ResolvedRequest } from '../../resolved-options.ts';
import type { Engine } from '../engine.ts';
import type { Flight } from '../flight.ts';
import { copyOf, type Own, plainMessage } from '../receivers.ts';
import type { Report, WireCall } from './protocol.ts';
import { RemoteSource } from './remote-source.ts';
import { unpackCall } from './wire-call.ts';

/** What an exchange needs of its port. */
export interface ExchangePort {
  /** Whether chunks that fill their buffers are the pool's to give away. */
  readonly givesChunks: boolean;
  report(report: Report, transfer?: readonly ArrayBuffer[]): void;
  /** Its terminal message was reported. */
  ended(exchange: PortExchange): void;
}

export class PortExchange {
  readonly ref: string;
  readonly request: ResolvedRequest;
  readonly #port: ExchangePort;
  readonly #source: RemoteSource;
  /** Set when it was let in. */
  #flight: Flight | undefined;
  /** Bytes of the upload that came and were not answered. */
  #unanswered = 0;

  /** Throws what is wrong with the call. */
  constructor(ref: string, call: WireCall, port: ExchangePort, defaults: ResolvedDefaults) {
    this.ref = ref;
    this.#port = port;
    this.#source = new RemoteSource({
      wanted: () => port.report({ type: 'source_wanted', ref }),
      unwanted: () => port.report({ type: 'source_unwanted', ref }),
      took: (bytes) => this.#took(bytes, true),
    });
    const replyTo = (message: Message): void => this.#deliver(message);
    this.request = unpackCall(call, defaults, { replyTo, source: this.#source });
  }

  /** Lets it go in the pool. */
  begin(engine: Engine): void {
    this.#flight = engine.takeIn(this.ref, this.request);
    engine.launch(this.#flight);
  }

  body(chunk: Uint8Array): void {
    const flight = this.#flight;
    if (flight === undefined) return;
    const { streamBody, upload, uploadBuffer } = this.request;
    if (!upload || this.#unanswered >= uploadBuffer) {
      flight.stop('ERR_CANCELLED', new Error('more of the body was sent than was asked for'));
      return;
    }
    // Once it has gone on to a worker's thread, the chunk is empty here.
    const { byteLength } = chunk;
    this.#unanswered += byteLength;
    if (!streamBody) {
      this.#source.push(chunk);
      return;
    }
    void flight.sendBody(chunk, true, true).then((open) => this.#took(byteLength, open));
  }

  finish(): void {
    const { ref } = this;
    if (!this.request.streamBody) {
      this.#source.finish();
      return;
    }
    void this.#flight
      ?.finishBody()
      .then((whole) => this.#port.report({ type: 'finished', ref, whole }));
  }

  sourceFailed(): void {
    this.#source.fail();
  }

  grant(bytes: number): void {
    this.#flight?.grant(bytes);
  }

  cancel(): void {
    this.#flight?.stop('ERR_CANCELLED');
  }

  callerDied(heard: boolean): void {
    this.#flight?.callerDied(heard);
  }

  receiverDied(): void {
    this.#flight?.receiverDied();
  }

  #took(bytes: number, open: boolean): void {
    this.#unanswered -= bytes;
    this.#port.report({ type: 'took', ref: this.ref, bytes, open });
  }

  #deliver(message: Message): void {
    const { plain, transfer } = plainMessage(message, this.#own);
    this.#port.report({ type: 'message', message: plain }, transfer);
    if (message.type === 'done' || message.type === 'error') this.#port.ended(this);
  }

  /** A buffer that holds nothing else crosses as it is, unless somebody here may look at it. */
  readonly #own: Own = (bytes) => {
    const { buffer } = bytes;
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
    // Nothing is nobody's: the empty body is the same for all.
    if (
      !isWhole ||
      bytes.byteLength === 0 ||
      !this.#port.givesChunks ||
      this.#flight?.handle !== undefined
    ) {
      return copyOf(bytes);
    }
    return bytes as Uint8Array<ArrayBuffer>;
  };
}
