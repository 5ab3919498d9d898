/** One fault, written by hand, and the test that has to notice it. */

export interface Mutant {
  /** `area: what it does wrong`. */
  readonly id: string;
  /** The source it changes. */
  readonly file: string;
  /** Stands in that file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The clause or the invariant it breaks. */
  readonly breaks: string;
  /** The test file that owns this invariant. */
  readonly owner: string;
}

export const LIFECYCLE = 'test/property/request-lifecycle.property.test.ts';
export const MODEL = 'test/property/pool.model.test.ts';
export const SIMULATION = 'test/property/simulation.test.ts';
export const DEADLINES = 'test/property/deadlines.property.test.ts';
