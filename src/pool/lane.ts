/**
 * What a waiting line is made of: lanes, each of one tenant and one origin.
 *
 * In a lane the highest priority is first, one more for each second waited, and of equals the first
 * to come (clause H9).
 *
 * Whoever has waited longer gains on nobody by waiting on: both gain the same. So the order of two
 * is settled when they come, by `priority * 1000 - arrival in ms`, and never changes. All of one
 * priority are a list; a heap holds the heads of the lists.
 *
 * Invariant: arrivals come in the order of time, so the head of a list is the first of it. Every
 * step costs the same however many wait; the heap grows with the number of different priorities.
 */

import { Heap, OUT } from './heap.ts';
import { Turn, type Turns } from './turns.ts';

/** One who waits. */
export interface Place<Item> {
  readonly item: Item;
  /** What it is ordered by, the greatest first. */
  readonly key: number;
  /** Decides between equal keys, the least first. */
  readonly order: number;
  /** Where it stands; `undefined` once it has left. */
  list: PriorityList<Item> | undefined;
  next: Place<Item> | undefined;
  previous: Place<Item> | undefined;
}

/** All of one priority in one lane. */
export interface PriorityList<Item> {
  readonly lane: Lane<Item>;
  readonly priority: number;
  first: Place<Item>;
  last: Place<Item>;
  index: number;
}

export interface Arrival<Item> {
  readonly item: Item;
  readonly priority: number;
  readonly nowMs: number;
  readonly order: number;
}

/** A tenant that has somebody waiting, or rests. */
export class Tenant<Item> {
  readonly name: string;
  readonly turn: Turn<Tenant<Item>>;
  /** Its lanes that could move, the one with the first place first. */
  readonly open = new Heap<Lane<Item>>(isLaneFirst);
  waiting = 0;
  isBlocked = false;
  /** While it is blocked: its lanes that are not to stand for their scarce origins. */
  withheld: Set<Lane<Item>> | undefined;

  constructor(name: string, weight: number) {
    this.name = name;
    this.turn = new Turn<Tenant<Item>>(this, weight);
  }
}

/** An origin that somebody waits for. */
export class Origin<Item> {
  readonly name: string;
  /** By tenant. */
  readonly lanes = new Map<string, Lane<Item>>();
  waiting = 0;
  isBlocked = false;
  /** Once it is scarce: the order in which tenants get it. */
  turns: Turns<Lane<Item>> | undefined;
  /** The lane that stands for a scarce origin while that is not blocked. */
  candidate: Lane<Item> | undefined;

  constructor(name: string) {
    this.name = name;
  }
}

/** Those of one tenant who wait for one origin. */
export class Lane<Item> {
  tenant: Tenant<Item>;
  readonly origin: Origin<Item>;
  /** Its standing at a scarce origin. */
  turn: Turn<Lane<Item>> | undefined;
  /** Its place among the open lanes of its tenant; `OUT` while it is not open. */
  index = OUT;
  #size = 0;
  readonly #lists = new Heap<PriorityList<Item>>(isListFirst);
  /** Only once there is a second priority: most lanes have one. */
  #byPriority: Map<number, PriorityList<Item>> | undefined;

  constructor(tenant: Tenant<Item>, origin: Origin<Item>) {
    this.tenant = tenant;
    this.origin = origin;
  }

  get size(): number {
    return this.#size;
  }

  get first(): Place<Item> | undefined {
    return this.#lists.first?.first;
  }

  add({ item, priority, nowMs, order }: Arrival<Item>): Place<Item> {
    const key = priority * 1000 - nowMs;
    const place: Place<Item> = {
      item,
      key,
      order,
      list: undefined,
      next: undefined,
      previous: undefined,
    };
    this.#size += 1;
    const list = this.#listOf(priority);
    if (list === undefined) {
      this.#open({ lane: this, priority, first: place, last: place, index: OUT });
    } else {
      place.list = list;
      place.previous = list.last;
      list.last.next = place;
      list.last = place;
    }
    return place;
  }

  /** Takes a place of this lane out of it. */
  remove(place: Place<Item>): void {
    const { list, next, previous } = place;
    if (list === undefined) return;
    place.list = undefined;
    place.next = undefined;
    place.previous = undefined;
    this.#size -= 1;
    if (next !== undefined) next.previous = previous;
    else if (previous !== undefined) list.last = previous;
    if (previous !== undefined) {
      previous.next = next;
    } else if (next !== undefined) {
      list.first = next;
      this.#lists.moved(list);
    } else {
      this.#lists.remove(list);
      this.#byPriority?.delete(list.priority);
    }
  }

  #listOf(priority: number): PriorityList<Item> | undefined {
    if (this.#byPriority !== undefined) return this.#byPriority.get(priority);
    const only = this.#lists.first;
    return only?.priority === priority ? only : undefined;
  }

  #open(list: PriorityList<Item>): void {
    const only = this.#lists.first;
    if (only !== undefined) this.#byPriority ??= new Map([[only.priority, only]]);
    this.#byPriority?.set(list.priority, list);
    list.first.list = list;
    this.#lists.add(list);
  }
}

function isFirst<Item>(one: Place<Item>, other: Place<Item>): boolean {
  if (one.key !== other.key) return one.key > other.key;
  return one.order < other.order;
}

function isListFirst<Item>(one: PriorityList<Item>, other: PriorityList<Item>): boolean {
  return isFirst(one.first, other.first);
}

function isLaneFirst<Item>(one: Lane<Item>, other: Lane<Item>): boolean {
  const [first, second] = [one.first, other.first];
  return first !== undefined && (second === undefined || isFirst(first, second));
}
