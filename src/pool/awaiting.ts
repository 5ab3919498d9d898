/**
 * Waiting for an exchange without owning it: `await` and `receive`.
 *
 * Invariant: giving up ends the waiting and nothing else (A2, M1); whatever way it ends, its timer
 * and its listener are gone. A waiter keeps the handle, so that an exchange somebody waits for is
 * not taken for a dropped one (H8).
 */

import type { AsyncHandle } from '../async-handle.ts';
import { RequestError } from '../errors.ts';
import type { Message, PoolResponse, TerminalMessage } from '../messages.ts';
import { type Deadline, type Deadlines, UNSET_DEADLINE } from './deadlines.ts';
import type { HandleRecord, Patience } from './handle-record.ts';

/** The patience of those who never give up. */
export const UNTIL_THE_END: Patience = { timeoutMs: Number.POSITIVE_INFINITY, signal: undefined };

/** Resolves with the response, rejects with the exchange's error, or gives up (A1–A3). */
export function awaitResponse(
  handle: AsyncHandle,
  flight: HandleRecord,
  patience: Patience,
): Promise<PoolResponse> {
  if (flight.elsewhere !== undefined) return flight.elsewhere.await(patience);
  return new Promise((resolve, reject) => {
    const conclude = (terminal: TerminalMessage): void => {
      if (terminal.type === 'error') {
        reject(terminal.error);
        return;
      }
      try {
        resolve(flight.responseOf(terminal));
      } catch (cause) {
        // What was collected of a streamed body does not fit into one array.
        reject(new RequestError('ERR_TOO_LARGE', { ref: flight.ref, cause }));
      }
    };
    if (flight.end.terminal !== undefined) {
      conclude(flight.end.terminal);
      return;
    }
    if (patience.signal?.aborted === true) {
      reject(patience.signal.reason);
      return;
    }
    if (patience === UNTIL_THE_END) {
      // The closure keeps the handle, as `Waiting` does for those who may give up.
      flight.end.whenCome((terminal) => {
        void handle;
        conclude(terminal);
      });
      flight.collectBody();
      return;
    }
    const waiting = new Waiting(handle, flight.host.deadlines);
    const waiter = (terminal: TerminalMessage): void => {
      waiting.over();
      conclude(terminal);
    };
    waiting.begin(flight.host.clock.now(), patience, (reason) => {
      flight.end.forget(waiter);
      flight.stopCollecting();
      const { ref } = flight;
      reject(reason === undefined ? new RequestError('ERR_AWAIT_TIMEOUT', { ref }) : reason.cause);
    });
    flight.end.whenCome(waiter);
    // Last, because it may end the exchange: the body may wait for nothing but credit.
    flight.collectBody();
  });
}

/**
 * The next message; `undefined` at the end, or when none came in time (M1, M5), or to whom has given
 * up: it stays there for the next one.
 */
export function receiveMessage(
  handle: AsyncHandle,
  flight: HandleRecord,
  patience: Patience,
): Promise<Message | undefined> {
  const { timeoutMs } = patience;
  if (flight.elsewhere !== undefined) return flight.elsewhere.receive(timeoutMs);
  const { mailbox } = flight.delivery;
  if (mailbox === undefined) return Promise.resolve(undefined);
  const ready = mailbox.poll();
  if (ready !== undefined || mailbox.finished || timeoutMs === 0) return Promise.resolve(ready);
  return new Promise((resolve) => {
    const waiting = new Waiting(handle, flight.host.deadlines);
    const reader = (message: Message | undefined): void => {
      waiting.over();
      resolve(message);
    };
    waiting.begin(flight.host.clock.now(), patience, () => {
      mailbox.forget(reader);
      resolve(undefined);
    });
    mailbox.read(reader);
  });
}

/** Why a waiter gave up: its time was over, or its signal aborted with `cause`. */
type GiveUp = (reason: { readonly cause: unknown } | undefined) => void;

class Waiting implements Deadline {
  dueMs: number = UNSET_DEADLINE.dueMs;
  slot: number = UNSET_DEADLINE.slot;
  next: Deadline | undefined;
  previous: Deadline | undefined;
  /** Held for its own sake. */
  readonly handle: AsyncHandle;
  readonly #deadlines: Deadlines;
  #signal: AbortSignal | undefined;
  #giveUp: GiveUp | undefined;

  constructor(handle: AsyncHandle, deadlines: Deadlines) {
    this.handle = handle;
    this.#deadlines = deadlines;
  }

  begin(nowMs: number, { timeoutMs, signal }: Patience, giveUp: GiveUp): void {
    this.#giveUp = giveUp;
    this.#deadlines.set(this, nowMs + timeoutMs);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  over(): void {
    this.#giveUp = undefined;
    this.#deadlines.clear(this);
    this.#signal?.removeEventListener('abort', this.#aborted);
  }

  expire(): void {
    const giveUp = this.#giveUp;
    this.over();
    giveUp?.(undefined);
  }

  readonly #aborted = (): void => {
    const giveUp = this.#giveUp;
    const cause: unknown = this.#signal?.reason;
    this.over();
    giveUp?.({ cause });
  };
}
