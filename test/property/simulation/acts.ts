/**
 * What may happen in a world besides that something is asked for or time passes: to one exchange, to
 * callers, to workers, to the limits of the pool.
 */

import type { RequestPool } from '../../../src/pool/request-pool.ts';
import type { SimulatedCallers } from './callers.ts';
import type { Journal } from './journal.ts';
import type { SimulatedLimits } from './limits.ts';
import type { Population } from './population.ts';
import type { Random } from './random.ts';
import type { Starts } from './starts.ts';
import type { Act } from './storm.ts';
import type { SimulatedWorkers } from './workers.ts';

export interface ActsOptions {
  readonly random: Random;
  readonly journal: Journal;
  readonly now: () => number;
  readonly pool: RequestPool;
  readonly population: Population;
  readonly workers: SimulatedWorkers;
  readonly callers: SimulatedCallers;
  readonly limits: SimulatedLimits;
  readonly starts: Starts;
}

export class Acts {
  readonly #options: ActsOptions;

  constructor(options: ActsOptions) {
    this.#options = options;
  }

  /** Does it; whether that is seen only once microtasks have run. */
  act(act: Exclude<Act, 'launch' | 'time' | 'leap'>): boolean {
    const { pool, workers, callers } = this.#options;
    switch (act) {
      case 'peer':
      case 'caller':
      case 'cancel':
      case 'receiver_death':
        return this.#actOnOne(act);
      case 'kill':
        workers.kill(pool);
        break;
      case 'fault':
        workers.fault(pool);
        break;
      case 'gone':
        workers.destroy(pool);
        break;
      case 'caller_death':
        callers.callerDies();
        break;
      case 'signal':
        callers.signalAborts();
        break;
      case 'pause':
      case 'resume':
      case 'limits':
        this.#actOnLimits(act);
        break;
      default:
        act satisfies never;
    }
    return false;
  }

  #actOnOne(act: 'peer' | 'caller' | 'cancel' | 'receiver_death'): boolean {
    const { random, journal, population } = this.#options;
    const subject = population.any(random);
    if (subject === undefined) return false;
    const did = subject.act(act);
    if (did === undefined) return false;
    population.touch(subject);
    journal.note(did, subject.plan.id);
    // Who reads a mailbox is seen to have read in a microtask.
    return subject.driven.mailbox && (did === 'read' || did === 'data');
  }

  #actOnLimits(act: 'pause' | 'resume' | 'limits'): void {
    const { journal, now, random, pool, limits, starts } = this.#options;
    if (act === 'pause') {
      limits.pause(pool, journal, now());
    } else if (act === 'resume') {
      if (limits.isPaused) limits.resume(pool, journal);
    } else {
      limits.change(pool, journal, random);
      starts.limitsChanged();
    }
  }
}
