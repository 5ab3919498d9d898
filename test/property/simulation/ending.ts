/** The end of a simulated pool in one of its ways (P1), and what has to be left of it: nothing. */

import { AssertionError } from 'node:assert';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import type { ManualClock } from '../../helpers/manual-clock.ts';
import { checkAtRest } from '../invariants.ts';
import { turn } from './turn.ts';

export type EndingWay = 'close' | 'close in time' | 'destroy';

export class Ending {
  /** When the timeout of a close ends everything. */
  graceMs = Number.POSITIVE_INFINITY;
  readonly #pool: RequestPool;
  readonly #clock: ManualClock;
  #isOver = false;

  constructor(pool: RequestPool, clock: ManualClock) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** `timeoutMs`: of a close in time. */
  begin(way: EndingWay, timeoutMs: number): void {
    void this.#end(way, timeoutMs).then(() => {
      this.#isOver = true;
    });
  }

  /** Every exchange has ended; when this resolves the pool has, too. */
  async finish(): Promise<void> {
    for (let turns = 0; !this.#isOver; turns += 1) {
      if (turns > 50) throw new AssertionError({ message: 'P1 the pool never ends' });
      await turn();
      // A dispatcher has a second to close in peace.
      if (turns > 10) this.#clock.advance(1_000);
    }
    checkAtRest(this.#pool, this.#clock);
  }

  #end(way: EndingWay, timeout: number): Promise<void> {
    if (way === 'destroy') return this.#pool.destroy('enough');
    if (way === 'close') return this.#pool.close();
    this.graceMs = this.#clock.now() + timeout;
    return this.#pool.close({ timeout });
  }
}
