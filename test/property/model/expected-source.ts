/** What the pool has read of the source of a body, and what waits there until it is read. */

import type { SourceStep } from './real-source.ts';

export class ExpectedSource {
  /** Given, and not read: the exchange has not been admitted yet. */
  waiting: readonly SourceStep[] = [];
  isRead = false;
  /** Whether it has ended, or failed, of its own. */
  isOver = false;

  /** Whether its end was given, read or not: then it has nothing left to close. */
  get isEnded(): boolean {
    return this.isOver || this.waiting.some(({ type }) => type === 'end');
  }

  /** All that can be read now. */
  take(): readonly SourceStep[] {
    const steps = this.isRead ? this.waiting : [];
    if (this.isRead) this.waiting = [];
    return steps;
  }
}
