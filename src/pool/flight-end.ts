/**
 * The end of an exchange: its terminal message, and those who wait for it.
 *
 * Invariant: `come` is called once (the lifecycle settles once), and then everybody hears of it,
 * whatever the ones before do: who waits for what has left the map would wait for ever (H3).
 */

import type { ExchangeState } from '../actors/request-lifecycle.ts';
import type { Phase } from '../errors.ts';
import type { TerminalMessage } from '../messages.ts';
import { errorOf, type FlightFacts, metricsOf, uploadOutcomeOf } from './flight-outcome.ts';
import { type FlightResponse, responseEnd } from './flight-response.ts';

export type Waiter = (terminal: TerminalMessage) => void;

/** Whoever the terminal message goes to. */
interface Receiver {
  end(terminal: TerminalMessage): void;
}

export class FlightEnd {
  /** Set once, when the exchange has ended. */
  terminal: TerminalMessage | undefined;
  #waiters: Waiter[] | undefined;

  /** Calls back with the terminal message, at once when there is one. */
  whenCome(waiter: Waiter): void {
    if (this.terminal !== undefined) waiter(this.terminal);
    else if (this.#waiters === undefined) this.#waiters = [waiter];
    else this.#waiters.push(waiter);
  }

  /** A waiter that no longer waits. */
  forget(waiter: Waiter): void {
    const index = this.#waiters?.indexOf(waiter) ?? -1;
    if (index >= 0) this.#waiters?.splice(index, 1);
  }

  /** The one terminal message: to the receiver first, then to those who wait. */
  come(terminal: TerminalMessage, receiver: Receiver | undefined): void {
    this.terminal = terminal;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    try {
      receiver?.end(terminal);
    } finally {
      if (waiters !== undefined) for (const waiter of waiters) waiter(terminal);
    }
  }
}

/** How an exchange came to its end. */
export interface Ending {
  /** The state before. */
  readonly before: ExchangeState;
  readonly state: ExchangeState & { readonly type: 'settled' };
  /** Where it failed, where that is known better than from the state. */
  readonly phase: Phase | undefined;
  readonly incoming: FlightResponse;
}

/** The terminal message of an exchange. */
export function terminalOf(facts: FlightFacts, ending: Ending): TerminalMessage {
  const { before, state, phase, incoming } = ending;
  const { ref, request } = facts;
  const metrics = metricsOf(facts);
  const upload = uploadOutcomeOf(state.upload, facts.bytesSent);
  if (state.outcome !== 'done') {
    const { outcome: code, cause } = state;
    const error = errorOf(facts, { before, code, cause, phase });
    return { type: 'error', ref, error, upload, metrics };
  }
  const { trailers } = incoming;
  if (request.stream) return { type: 'done', ref, trailers, upload, metrics };
  try {
    const response = incoming.whole(responseEnd(request, { ref, upload, metrics }));
    return { type: 'done', ref, trailers, upload, metrics, response };
  } catch (cause) {
    // There was no memory for one array with the whole body.
    const error = errorOf(facts, { before, code: 'ERR_TOO_LARGE', cause, phase });
    return { type: 'error', ref, error, upload, metrics };
  }
}
