/**
 * An exchange in a worker's thread that the pool can take back as long as it has not started; its
 * mark says to the pool how far it has come.
 */

import type { Writable } from 'node:stream';
import { realClock } from '../clock.ts';
import type { DispatchedRequest, ExchangeReports } from './carrier.ts';
import { Exchange } from './exchange.ts';
import type { SharedMark } from './shared-marks.ts';
import type { Transport } from './worker-agent.ts';

export interface Revocable {
  readonly agent: Transport;
  readonly mark: SharedMark;
  readonly request: DispatchedRequest;
}

export class RevocableExchange extends Exchange {
  readonly #mark: SharedMark;
  readonly #hasBytes: boolean;

  constructor({ agent, mark, request }: Revocable, reports: ExchangeReports) {
    super(agent, reports, realClock);
    this.#mark = mark;
    this.#hasBytes = request.bytes !== undefined;
  }

  override onRequestStart(...args: Parameters<Exchange['onRequestStart']>): void {
    if (!this.#mark.start()) this.abort();
    super.onRequestStart(...args);
    // The pool may have told its end while that was noted, and not have counted it.
    if (this.#mark.revoked) this.abort();
  }

  /** A stream tells when all of the request has left it; a connection has to be looked at. */
  override streamOpened(stream: Writable): void {
    super.streamOpened(stream);
    // The head goes now; that of an upload was not yet sent when it started.
    this.#mark.noteHead(true);
    if (this.#hasBytes) stream.once('finish', () => this.#mark.noteFlushed());
  }
}
