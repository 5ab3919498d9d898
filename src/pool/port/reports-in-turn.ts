/**
 * What the pool has reported, heard in the order in which it came.
 *
 * Whoever hears a report may block this thread for another answer (`pool/port/blocking`): what is
 * left of the batch comes before all that arrives while it waits.
 *
 * Invariant: each report is heard once, and not before all those that came earlier.
 */

import type { Report } from './protocol.ts';

export class ReportsInTurn {
  readonly #hear: (report: Report) => void;
  #reports: Report[] = [];
  /** Those before it were heard. */
  #next = 0;

  constructor(hear: (report: Report) => void) {
    this.#hear = hear;
  }

  /** Hears what is left, and then a batch. */
  receive(batch: readonly Report[]): void {
    for (const report of batch) this.#reports.push(report);
    this.catchUp();
  }

  /** Hears what is left of a batch that is being heard. */
  catchUp(): void {
    for (;;) {
      const report = this.#reports[this.#next];
      if (report === undefined) break;
      this.#next += 1;
      this.#hear(report);
    }
    this.#reports = [];
    this.#next = 0;
  }
}
