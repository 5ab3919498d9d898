/**
 * The record, in a caller's thread, of an exchange that was asked for somewhere else: it has only
 * the `ref`, and makes each call in the thread of the pool.
 *
 * Invariant: nothing of the exchange is kept here, so that whoever else has a handle of it finds
 * what it left: a message is read once, by one of them.
 */

import type { AsyncHandle } from '../../async-handle.ts';
import { type ErrorCode, RequestError } from '../../errors.ts';
import type { Message, PoolResponse } from '../../messages.ts';
import { FlightEnd } from '../flight-end.ts';
import type { Elsewhere, HandleRecord, Patience, RecordHost } from '../handle-record.ts';
import { copyOf } from '../receivers.ts';
import { responseOf } from '../response.ts';
import type { Command } from './protocol.ts';
import type { Questions } from './questions.ts';
import { rebuildMessage } from './rebuild.ts';

/** What the record needs of its connection. */
export interface AdoptedHost extends RecordHost {
  readonly questions: Questions;
  command(command: Command): void;
}

export class AdoptedFlight implements HandleRecord, Elsewhere {
  readonly ref: string;
  /** It stands in no table. */
  readonly row = -1;
  readonly host: AdoptedHost;
  readonly request = { replyTo: undefined, caller: undefined, signal: undefined };
  readonly end = new FlightEnd();
  readonly delivery = { mailbox: undefined };
  readonly isForHandle = false;
  readonly elsewhere = this;
  loops = 0;
  handle: AsyncHandle | WeakRef<AsyncHandle> | undefined;
  /** The last chunk or finish: the next one is asked for after it, so that little is under way. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(ref: string, host: AdoptedHost) {
    this.ref = ref;
    this.host = host;
    host.command({ type: 'adopt', ref });
  }

  async await({ timeoutMs, signal }: Patience): Promise<PoolResponse> {
    const question = { verb: 'await', ref: this.ref, timeout: timeoutMs } as const;
    const answer = await this.host.questions.ask(question, [], signal);
    if (answer.type !== 'response') throw new TypeError(`${answer.type} is no response`);
    return responseOf(answer.response);
  }

  async receive(timeoutMs: number): Promise<Message | undefined> {
    const question = { verb: 'receive', ref: this.ref, timeout: timeoutMs } as const;
    const answer = await this.host.questions.ask(question);
    if (answer.type !== 'message') throw new TypeError(`${answer.type} is no message`);
    return answer.message && rebuildMessage(answer.message);
  }

  sendBody(bytes: Uint8Array): Promise<boolean> {
    const { byteLength } = bytes;
    return this.#inTurn(() => {
      if (bytes.byteLength !== byteLength) {
        // Left out in silence it would falsify the body.
        this.stop('ERR_CANCELLED');
        return Promise.resolve(false);
      }
      const chunk = copyOf(bytes);
      return this.#taken({ verb: 'send', ref: this.ref, chunk }, [chunk.buffer]);
    });
  }

  finishBody(): Promise<boolean> {
    return this.#inTurn(() => this.#taken({ verb: 'finish', ref: this.ref }, []));
  }

  grant(bytes: number): void {
    this.host.command({ type: 'grant', ref: this.ref, bytes });
  }

  stop(_code: ErrorCode): void {
    this.host.command({ type: 'cancel', ref: this.ref });
  }

  // What follows is for exchanges that were asked for here.

  callerDied(): void {}

  receiverDied(): void {}

  collectBody(): void {}

  stopCollecting(): void {}

  responseOf(): never {
    throw new TypeError('the response of an adopted exchange is with the pool');
  }

  #inTurn(send: () => Promise<boolean>): Promise<boolean> {
    const sent = this.#sending.then(send);
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #taken(
    question: { verb: 'send'; ref: string; chunk: Uint8Array } | { verb: 'finish'; ref: string },
    transfer: readonly ArrayBuffer[],
  ): Promise<boolean> {
    try {
      const answer = await this.host.questions.ask(question, transfer);
      return answer.type === 'taken' && answer.taken;
    } catch (error) {
      // With the connection it ends for those who send: they are not failed for that (U3).
      if (error instanceof RequestError && POOL_GONE.has(error.code)) return false;
      throw error;
    }
  }
}

/** What is asked is rejected with one of these where nobody answers any more. */
const POOL_GONE: ReadonlySet<ErrorCode> = new Set([
  'ERR_POOL_CLOSED',
  'ERR_POOL_DESTROYED',
  'ERR_POOL_FAILED',
]);
