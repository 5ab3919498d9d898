/**
 * Callers and signals that many exchanges share, and the model of their deaths. A dead one is
 * followed by a new one.
 *
 * Invariant: none of them has a listener once all of their exchanges have ended (C1).
 */

import { getEventListeners } from 'node:events';
import type { Journal } from './journal.ts';
import type { Population } from './population.ts';

/** A caller, or a signal, that was dead before anything was asked. */
export const DEAD = new AbortController();
DEAD.abort(new Error('long ago'));

export class SimulatedCallers {
  readonly #population: Population;
  readonly #journal: Journal;
  readonly #all: AbortController[] = [];
  /** Whoever is the caller, and the signal, of new exchanges. */
  caller = this.#make();
  signal = this.#make();

  constructor(population: Population, journal: Journal) {
    this.#population = population;
    this.#journal = journal;
  }

  callerDies(): void {
    const { caller } = this;
    for (const subject of this.#population.all()) {
      if (subject.caller !== caller) continue;
      this.#population.touch(subject);
      this.#journal.note('its caller dies', subject.plan.id);
      subject.expectation.callerDied(subject.hasReceiver, subject.isQueued);
    }
    this.caller = this.#make();
    caller.abort(new Error('left'));
  }

  signalAborts(): void {
    const { signal } = this;
    for (const subject of this.#population.all()) {
      if (subject.signal !== signal) continue;
      this.#population.touch(subject);
      this.#journal.note('its signal aborts', subject.plan.id);
      subject.expectation.stopped('ERR_CANCELLED');
    }
    this.signal = this.#make();
    signal.abort(new Error('enough'));
  }

  /** Listeners that are left on any of them. */
  get listeners(): number {
    const counts = this.#all.map(({ signal }) => getEventListeners(signal, 'abort').length);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #make(): AbortController {
    const controller = new AbortController();
    this.#all.push(controller);
    return controller;
  }
}
