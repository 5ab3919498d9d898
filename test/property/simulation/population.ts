/** The exchanges of a simulation that have not been judged, and those to look at again. */

import type { Random } from './random.ts';
import type { Subject } from './subject.ts';

export class Population {
  readonly #live = new Map<number, Subject>();
  readonly #touched = new Set<Subject>();

  get size(): number {
    return this.#live.size;
  }

  add(subject: Subject): void {
    this.#live.set(subject.plan.id, subject);
    this.touch(subject);
  }

  /** Whether it was there. */
  delete(subject: Subject): boolean {
    return this.#live.delete(subject.plan.id);
  }

  /** The exchange whose request has this path. */
  at(path: string): Subject | undefined {
    return this.#live.get(Number(path.slice(1)));
  }

  all(): Iterable<Subject> {
    return this.#live.values();
  }

  any(random: Random): Subject | undefined {
    let at = random.below(this.#live.size);
    for (const subject of this.#live.values()) {
      if (at === 0) return subject;
      at -= 1;
    }
    return undefined;
  }

  /** Something happened to it: it is looked at once microtasks have run. */
  touch(subject: Subject): void {
    this.#touched.add(subject);
  }

  touchAll(): void {
    for (const subject of this.#live.values()) this.#touched.add(subject);
  }

  /** Those that were touched, which then no longer count as touched. */
  takeTouched(): readonly Subject[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }
}
