/**
 * The opaque token a caller holds for an exchange.
 *
 * Invariant: a handle shows its `ref` and nothing else. What it stands for is reached only through
 * `handleTarget`, which this module exports to the pool and not on the class; a handle from
 * somewhere else has no target.
 */

import { randomBytes } from 'node:crypto';

/** What callers see: a frozen object with a `ref` unique for the life of the process (clause H2). */
export interface AsyncHandle {
  readonly ref: string;
}

/** The target of a handle made by `createHandle`, `undefined` for every other value. */
export let handleTarget: (handle: unknown) => unknown;

class Handle implements AsyncHandle {
  readonly ref: string;
  readonly #target: unknown;

  static {
    handleTarget = (handle) =>
      typeof handle === 'object' && handle !== null && #target in handle
        ? handle.#target
        : undefined;
  }

  constructor(ref: string, target: unknown) {
    this.ref = ref;
    this.#target = target;
    Object.freeze(this);
  }
}

/** A new handle; it keeps its target, the target must not keep it (clause H8). */
export function createHandle(ref: string, target: unknown): AsyncHandle {
  return new Handle(ref, target);
}

/** What the refs of one table begin with: random, so that those of several threads never meet. */
export function newPrefix(): string {
  return randomBytes(6).toString('base64url');
}

const PREFIX = newPrefix();
let minted = 0;

/** The next `ref`; it names the row in which its record stands. */
export function mintRef(row: number, prefix: string = PREFIX): string {
  minted += 1;
  // Two parts, the short one flat: a text of five parts keeps all of them.
  const rest = `.${minted.toString(36)}.${row}`;
  return prefix + rest;
}

/** The row that a `ref` names; `NaN` for a text that is none. */
export function rowOf(ref: string): number {
  return Number(ref.slice(ref.lastIndexOf('.') + 1));
}
