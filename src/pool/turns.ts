/**
 * Taking turns by weight: start-time fair queueing (Goyal, Vin, Cheng 1996) on a virtual clock.
 *
 * Each turn taken moves its taker on by `1 / weight`; the one that is furthest behind is next, and
 * of equals the one that has been there longer. The virtual time is the start of the last turn
 * taken. Who comes starts at that time, or where it was if that is later: so nobody saves up turns
 * while away, and nobody gains by leaving and coming back.
 *
 * Bound: between two takers i and j that are in line all the while, the turns taken differ by
 * `|n(i) / weight(i) - n(j) / weight(j)| <= 1 / weight(i) + 1 / weight(j)`.
 *
 * Who is away and ahead of the virtual time rests until that has caught up, and is then forgotten:
 * so the memory is for those in line and the few that have just left it.
 */

import { Heap, OUT } from './heap.ts';

/** The standing of one taker. */
export class Turn<Owner> {
  readonly owner: Owner;
  weight: number;
  /** Virtual time at which its next turn starts. */
  startsAt = 0;
  /** Counts up with each coming, so that equals are first come, first served. */
  order = 0;
  isResting = false;
  index = OUT;

  constructor(owner: Owner, weight: number) {
    this.owner = owner;
    this.weight = weight;
  }
}

export class Turns<Owner> {
  readonly #line = new Heap<Turn<Owner>>(isEarlier);
  readonly #resting = new Heap<Turn<Owner>>(isEarlier);
  readonly #forget: (owner: Owner) => void;
  #now = 0;
  #order = 0;

  /** `forget` is told of each one that rests no more and is not in line. */
  constructor(forget: (owner: Owner) => void) {
    this.#forget = forget;
  }

  /** Whose turn it is. */
  get next(): Owner | undefined {
    return this.#line.first?.owner;
  }

  /** Rests no more, and is not forgotten; it may come into line later. */
  rouse(turn: Turn<Owner>): void {
    if (!turn.isResting) return;
    turn.isResting = false;
    this.#resting.remove(turn);
  }

  /** Comes into line; nothing happens to one that is there. */
  enter(turn: Turn<Owner>): void {
    this.rouse(turn);
    if (turn.index !== OUT) return;
    turn.startsAt = Math.max(turn.startsAt, this.#now);
    turn.order = this.#order;
    this.#order += 1;
    this.#line.add(turn);
  }

  /** Leaves the line for a while, and is not forgotten. */
  leave(turn: Turn<Owner>): void {
    if (!turn.isResting) this.#line.remove(turn);
  }

  /** Has nothing left to come back for; it may come back all the same. */
  rest(turn: Turn<Owner>): void {
    this.leave(turn);
    if (turn.startsAt <= this.#now) {
      this.#forget(turn.owner);
      return;
    }
    turn.isResting = true;
    this.#resting.add(turn);
  }

  /** It has taken its turn, and stays in line. */
  taken(turn: Turn<Owner>): void {
    this.#now = Math.max(this.#now, turn.startsAt);
    turn.startsAt += 1 / turn.weight;
    this.#line.moved(turn);
    for (;;) {
      const rested = this.#resting.first;
      if (rested === undefined || rested.startsAt > this.#now) return;
      this.rouse(rested);
      this.#forget(rested.owner);
    }
  }
}

function isEarlier(one: Turn<unknown>, other: Turn<unknown>): boolean {
  if (one.startsAt !== other.startsAt) return one.startsAt < other.startsAt;
  return one.order < other.order;
}
