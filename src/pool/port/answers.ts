/**
 * What another thread asks about exchanges that it has only a `ref` of, and about the pool: the same
 * calls as in this thread, made for it.
 *
 * Invariant: it keeps a handle of each exchange that the other thread has one of, so that neither is
 * taken for a dropped one (H8); whatever is asked is answered once, unless it was forgotten, and what
 * was forgotten has read no message.
 */

import { TurnoverMap } from '../../actors/turnover-map.ts';
import type { AsyncHandle } from '../../async-handle.ts';
import { RequestError } from '../../errors.ts';
import type { PoolStats } from '../../stats.ts';
import { receiveMessage } from '../awaiting.ts';
import { readable } from '../checked-calls.ts';
import type { HandleCalls } from '../handle-calls.ts';
import type { HandleRecord } from '../handle-record.ts';
import { copyOf, plainMessage } from '../receivers.ts';
import { plainResponse } from '../response.ts';
import type { Answer, Question, Report } from './protocol.ts';

/** What answering needs of the pool and of the port. */
export interface AnswersHost {
  readonly calls: HandleCalls;
  readonly records: { open(handle: AsyncHandle): HandleRecord };
  stats(): PoolStats;
  report(report: Report, transfer?: readonly ArrayBuffer[]): void;
}

interface Given {
  readonly answer: Answer;
  readonly transfer: readonly ArrayBuffer[];
}

export class Answers {
  readonly #host: AnswersHost;
  readonly #adopted = new TurnoverMap<string, AsyncHandle>();
  /** Those who wait, by the number of their question. */
  readonly #waiting = new TurnoverMap<number, AbortController>();

  constructor(host: AnswersHost) {
    this.#host = host;
  }

  /** The other thread has made a handle of a `ref`. */
  adopt(ref: string): void {
    try {
      this.#adopted.set(ref, this.#host.calls.handle(ref));
    } catch {
      // It is told so when it asks for something.
    }
  }

  /** The handle there is gone. */
  release(ref: string): void {
    this.#adopted.delete(ref);
  }

  cancel(ref: string): void {
    const handle = this.#adopted.get(ref);
    if (handle !== undefined) this.#host.calls.cancel(handle);
  }

  grant(ref: string, bytes: number): void {
    const handle = this.#adopted.get(ref);
    if (handle !== undefined) this.#host.calls.updateFlow(handle, bytes);
  }

  /** Answers a question, in its time. */
  ask(id: number, question: Question): void {
    if (this.#waiting.has(id)) return;
    const controller = new AbortController();
    this.#waiting.set(id, controller);
    void this.#answer(question, controller.signal)
      .catch(failed)
      .then(({ answer, transfer }) => {
        // Forgotten: there is nobody who would take it.
        if (this.#waiting.delete(id)) this.#host.report({ type: 'answer', id, answer }, transfer);
      });
  }

  /** The other thread does not wait any more. */
  forget(id: number): void {
    const controller = this.#waiting.get(id);
    this.#waiting.delete(id);
    controller?.abort();
  }

  /** The port is closed. */
  close(): void {
    for (const id of this.#waiting.keys()) this.forget(id);
    this.#adopted.clear();
  }

  async #answer(question: Question, signal: AbortSignal): Promise<Given> {
    const { calls } = this.#host;
    if (question.verb === 'stats') return given({ type: 'stats', stats: this.#host.stats() });
    const handle = this.#handleOf(question.ref);
    switch (question.verb) {
      case 'await': {
        const response = await calls.await(handle, { timeout: question.timeout, signal });
        // A copy, because others may have the same response.
        const body = copyOf(response.body);
        const plain = { ...plainResponse(response), body };
        return given({ type: 'response', response: plain }, [body.buffer]);
      }
      case 'receive': {
        // With the signal: to read it for somebody who is gone would lose it for all others.
        const record = readable(this.#host.records.open(handle));
        const message = await receiveMessage(handle, record, {
          timeoutMs: question.timeout,
          signal,
        });
        if (message === undefined) return given({ type: 'message', message });
        const { plain, transfer } = plainMessage(message);
        return given({ type: 'message', message: plain }, transfer);
      }
      case 'send':
        return given({ type: 'taken', taken: await calls.sendBody(handle, question.chunk) });
      case 'finish':
        return given({ type: 'taken', taken: await calls.finishBody(handle) });
      default:
        return question satisfies never;
    }
  }

  /** Throws `ERR_UNKNOWN_HANDLE` where the `ref` was that of no running exchange. */
  #handleOf(ref: string): AsyncHandle {
    const handle = this.#adopted.get(ref);
    if (handle === undefined) throw new RequestError('ERR_UNKNOWN_HANDLE', { ref });
    return handle;
  }
}

function given(answer: Answer, transfer: readonly ArrayBuffer[] = []): Given {
  return { answer, transfer };
}

function failed(cause: unknown): Given {
  const error =
    cause instanceof RequestError ? cause : new RequestError('ERR_CANCELLED', { cause });
  return given({ type: 'failed', error: error.toJSON() });
}
