/**
 * The record, in the caller's thread, of an exchange that runs in the pool's.
 *
 * It keeps what belongs to the caller (mailbox, senders, sources, those who wait) and sends what
 * happens to them as commands; where the exchange stands is for the pool to say.
 *
 * Invariants: it ends once, by the pool's terminal message or when the pool can send none (H3); by
 * then it is out of the table and nobody waits for it; what was cancelled here never ends in
 * `done`, even if that was under way already.
 */

import { bytesGone } from '../../actors/chunk-bytes.ts';
import type { AsyncHandle } from '../../async-handle.ts';
import { type ErrorCode, RequestError } from '../../errors.ts';
import type { DoneMessage, PlainMessage, PoolResponse, TerminalMessage } from '../../messages.ts';
import type { ResolvedRequest } from '../../resolved-options.ts';
import { FlightEnd } from '../flight-end.ts';
import type { Row } from '../flight-table.ts';
import { type HandleRecord, hasOwnReceiver, type RecordHost } from '../handle-record.ts';
import { type CommandTaker, ExchangeCommands } from './exchange-commands.ts';
import type { ExchangeReport, WireCall } from './protocol.ts';
import { rebuildError, rebuildMessage } from './rebuild.ts';
import type { RemoteDelivery } from './remote-delivery.ts';
import { endHere, lostEnd, type Stopped } from './remote-end.ts';
import { RemoteResponse, type RemoteResponseKeeper } from './remote-response.ts';
import { RemoteUpload, type UploadPort } from './remote-upload.ts';

/** What the record needs of its connection. */
export interface RemoteHost extends RecordHost, CommandTaker {
  /** The exchange has ended: out of the table, watched by nobody. */
  remove(flight: RemoteFlight): void;
  /** Its terminal message is out. */
  settled(): void;
}

export class RemoteFlight implements HandleRecord, UploadPort, RemoteResponseKeeper {
  readonly ref: string;
  readonly row: number;
  readonly host: RemoteHost;
  readonly request: ResolvedRequest;
  readonly end = new FlightEnd();
  readonly commands: ExchangeCommands;
  loops = 0;
  handle: AsyncHandle | WeakRef<AsyncHandle> | undefined;

  readonly #createdMs: number;
  readonly #upload: RemoteUpload | undefined;
  readonly #response: RemoteResponse;
  /** The pool was asked. */
  #launched = false;
  #callerDied = false;
  /** Its receiver was dead before the pool was asked. */
  #isDeaf = false;
  /** Why it was ended here. */
  #stopped: Stopped | undefined;

  /** `isSync`: its caller blocks, and moves its body by `feed`. */
  constructor({ ref, row }: Row, request: ResolvedRequest, host: RemoteHost, isSync = false) {
    this.ref = ref;
    this.row = row;
    this.host = host;
    this.request = request;
    this.commands = new ExchangeCommands(ref, host);
    this.#createdMs = host.clock.now();
    if (request.upload) this.#upload = new RemoteUpload(this, request, isSync);
    this.#response = new RemoteResponse(this);
  }

  get isForHandle(): boolean {
    const isOver = this.end.terminal !== undefined || this.#callerDied;
    return !isOver && this.request.replyTo === undefined;
  }

  get delivery(): RemoteDelivery {
    return this.#response.delivered;
  }

  // --- what the caller does -------------------------------------------------------------------

  /** Asks the pool for it. */
  launch(call: WireCall): void {
    this.#launched = true;
    this.commands.request(call);
    if (this.#isDeaf) this.receiverDied();
  }

  sendBody(bytes: Uint8Array, owned: boolean): Promise<boolean> {
    if (this.#upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.#upload.write(bytes, owned);
  }

  /** Sends as much of the body as there is room for, for a caller that blocks. */
  feed(): void {
    this.#upload?.feed();
  }

  finishBody(): Promise<boolean> {
    if (this.#upload === undefined || !this.request.streamBody) return Promise.resolve(false);
    return this.#upload.finish();
  }

  grant(bytes: number): void {
    if (this.request.stream) this.#response.delivery?.grant(bytes);
  }

  stop(code: ErrorCode, cause?: unknown): void {
    if (this.end.terminal !== undefined || this.#stopped !== undefined) return;
    this.#stopped = { code, cause };
    if (!this.#launched) {
      this.lost(code, cause);
      return;
    }
    this.#response.delivery?.discard();
    this.#upload?.abandon();
    this.commands.cancel();
  }

  callerDied(): void {
    if (this.end.terminal !== undefined || this.#callerDied) return;
    this.#callerDied = true;
    const heard = hasOwnReceiver(this.request);
    if (!this.#launched) {
      // What nobody has asked the pool for goes on only for somebody else (C3, C6).
      if (!heard || this.#upload !== undefined) this.lost('ERR_CALLER_DIED', undefined);
      return;
    }
    if (!heard) this.#response.delivery?.discard();
    this.#upload?.abandon();
    this.commands.callerDied(heard);
  }

  receiverDied(): void {
    // Where nothing is uploaded, nothing is asked for (C4).
    if (this.#launched) this.commands.receiverDied();
    else if (this.#upload === undefined) this.lost('ERR_CANCELLED', undefined);
    else this.#isDeaf = true;
  }

  responseOf(done: DoneMessage): PoolResponse {
    return this.#response.whole(done);
  }

  collectBody(): void {
    this.#response.delivery?.collect();
  }

  stopCollecting(): void {
    this.#response.delivery?.stopCollecting();
  }

  // --- what the pool reports ------------------------------------------------------------------

  /** A report about this exchange. */
  heard(report: ExchangeReport): void {
    switch (report.type) {
      case 'message':
        this.#received(report.message);
        break;
      case 'took':
        this.#upload?.took(report.bytes, report.open);
        break;
      case 'finished':
        this.#upload?.finished(report.whole);
        break;
      case 'source_wanted':
        this.#upload?.start();
        break;
      case 'source_unwanted':
        this.#upload?.abandon();
        break;
      case 'refused':
        this.#lost(rebuildError(report.error));
        break;
      default:
        report satisfies never;
    }
  }

  /** The pool will say nothing about it any more; it may have touched the wire. */
  lost(code: ErrorCode, cause: unknown): void {
    const { method, origin } = this.request;
    const sent = this.#launched;
    const phase = sent ? undefined : 'queue';
    this.#lost(new RequestError(code, { ref: this.ref, method, origin, phase, sent, cause }));
  }

  // --- what the source of the body tells ------------------------------------------------------

  sourceEnded(): void {
    void this.#upload?.finish();
  }

  sourceFailed(error: unknown): void {
    this.#stopped ??= { code: 'ERR_CANCELLED', cause: error };
    this.commands.sourceFailed();
  }

  bodyGone(): void {
    this.stop('ERR_CANCELLED', bytesGone());
  }

  // --- the end --------------------------------------------------------------------------------

  #received(plain: PlainMessage): void {
    const message = rebuildMessage(plain);
    if (message.type === 'status' || message.type === 'data') this.#response.received(message);
    else this.#settle(endHere(message, this.request, this.#stopped));
  }

  #settle(terminal: TerminalMessage): void {
    this.host.remove(this);
    try {
      this.#upload?.close(terminal.upload?.endedBy === 'caller');
      if (terminal.type === 'error' && DISCARDING.has(terminal.error.code)) {
        this.#response.delivery?.discard();
      }
      this.end.come(terminal, this.#response.delivery);
    } finally {
      this.host.settled();
    }
  }

  #lost(error: RequestError): void {
    const { ref, request } = this;
    const totalMs = this.host.clock.now() - this.#createdMs;
    const { bytesReceived } = this.#response;
    this.#settle(lostEnd({ ref, request, totalMs, bytesReceived }, error));
  }
}

/** Whoever ends an exchange for its caller wants no more of it (X1). */
const DISCARDING: ReadonlySet<ErrorCode> = new Set(['ERR_CANCELLED', 'ERR_CALLER_DIED']);
