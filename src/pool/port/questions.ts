/**
 * What this thread has asked of the thread of the pool, and what is to be answered yet.
 *
 * Invariant: each promise settles: by the answer, by giving up, or with an error when the port is
 * closed.
 */

import { TurnoverMap } from '../../actors/turnover-map.ts';
import type { RequestError } from '../../errors.ts';
import type { Answer, Command, Question } from './protocol.ts';
import { rebuildError } from './rebuild.ts';

/** What asking needs of the connection. */
export interface QuestionsHost {
  command(command: Command, transfer?: readonly ArrayBuffer[]): void;
  /** Throws where nobody would answer. */
  assertConnected(): void;
  /** So many questions wait for an answer. */
  asked(count: number): void;
}

interface Asker {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export class Questions {
  readonly #host: QuestionsHost;
  readonly #askers = new TurnoverMap<number, Asker>();
  #last = 0;

  constructor(host: QuestionsHost) {
    this.#host = host;
  }

  /** Asks; the signal gives up, with its reason. */
  async ask(
    question: Question,
    transfer: readonly ArrayBuffer[] = [],
    signal?: AbortSignal | undefined,
  ): Promise<Answer> {
    signal?.throwIfAborted();
    this.#host.assertConnected();
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#askers.set(id, { resolve, reject });
    this.#host.asked(this.#askers.size);
    const giveUp = (): void => {
      if (!this.#remove(id)) return;
      this.#host.command({ type: 'forget', id });
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#host.command({ type: 'ask', id, question }, transfer);
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** What the pool has answered. */
  answered(id: number, answer: Answer): void {
    const asker = this.#askers.get(id);
    if (asker === undefined) return;
    this.#remove(id);
    if (answer.type === 'failed') asker.reject(rebuildError(answer.error));
    else asker.resolve(answer);
  }

  /** Nothing is answered any more. */
  lose(error: RequestError): void {
    const askers = this.#askers.values();
    this.#askers.clear();
    this.#host.asked(0);
    for (const { reject } of askers) reject(error);
  }

  #remove(id: number): boolean {
    const wasThere = this.#askers.delete(id);
    if (wasThere) this.#host.asked(this.#askers.size);
    return wasThere;
  }
}
