/**
 * Which lanes of a waiting line could move, and whose turn it is.
 *
 * An origin that is blocked is scarce from then on, until nobody waits for it: its tenants take
 * turns for it by weight among themselves, and only the lane whose turn it is stands for it in the
 * line, and only while it is not blocked. So a thousand tenants that wait for a slow origin cost one
 * step each time it has room. A blocked tenant stands aside with all its lanes.
 *
 * Invariants: a lane that has somebody is open, or takes turns at its scarce origin, and as the
 * candidate of that both, or is withheld by its blocked tenant. A tenant is in line if and only if
 * it is not blocked and has an open lane.
 */

import { OUT } from './heap.ts';
import type { Lane, Origin, Tenant } from './lane.ts';
import { Turn, Turns } from './turns.ts';

export class OpenLanes<Item> {
  readonly #turns: Turns<Tenant<Item>>;

  /** `forget` is told of each tenant that has rested long enough. */
  constructor(forget: (tenant: Tenant<Item>) => void) {
    this.#turns = new Turns(forget);
  }

  /** The lane that moves next. */
  get next(): Lane<Item> | undefined {
    return this.#turns.next?.open.first;
  }

  /** The first of that lane is about to move. */
  taken({ tenant, origin, turn }: Lane<Item>): void {
    this.#turns.taken(tenant.turn);
    if (origin.turns === undefined || turn === undefined) return;
    origin.turns.taken(turn);
    this.#elect(origin);
  }

  /** Another one is the first of the lane. */
  reordered(lane: Lane<Item>): void {
    if (lane.index !== OUT) lane.tenant.open.moved(lane);
  }

  /** The lane has somebody. */
  appear(lane: Lane<Item>): void {
    const { tenant, origin } = lane;
    if (origin.turns === undefined) {
      this.#open(lane);
      return;
    }
    const { weight } = tenant.turn;
    lane.turn ??= new Turn<Lane<Item>>(lane, weight);
    lane.turn.weight = weight;
    origin.turns.enter(lane.turn);
    this.#elect(origin);
  }

  /** The lane has nobody left. */
  vanish(lane: Lane<Item>): void {
    const { tenant, origin, turn } = lane;
    this.#shut(lane);
    tenant.withheld?.delete(lane);
    if (origin.turns === undefined || turn === undefined) {
      origin.lanes.delete(tenant.name);
      return;
    }
    if (origin.candidate === lane) origin.candidate = undefined;
    origin.turns.rest(turn);
    this.#elect(origin);
  }

  /** The tenant has somebody again. */
  rouse(tenant: Tenant<Item>): void {
    this.#turns.rouse(tenant.turn);
  }

  /** The tenant has nobody left. */
  rest(tenant: Tenant<Item>): void {
    tenant.isBlocked = false;
    tenant.withheld = undefined;
    this.#turns.rest(tenant.turn);
  }

  block(origin: Origin<Item>): void {
    origin.isBlocked = true;
    if (origin.turns === undefined) this.#ration(origin);
    else this.#elect(origin);
  }

  unblock(origin: Origin<Item>): void {
    origin.isBlocked = false;
    this.#elect(origin);
  }

  blockTenant(tenant: Tenant<Item>): void {
    tenant.isBlocked = true;
    this.#turns.leave(tenant.turn);
    for (const { origin } of tenant.open.snapshot()) this.#elect(origin);
  }

  unblockTenant(tenant: Tenant<Item>): void {
    const { withheld } = tenant;
    tenant.isBlocked = false;
    tenant.withheld = undefined;
    if (withheld !== undefined) for (const lane of withheld) this.appear(lane);
    if (tenant.open.size > 0) this.#turns.enter(tenant.turn);
  }

  /** From now on the tenants take turns for this origin. */
  #ration(origin: Origin<Item>): void {
    const turns = new Turns<Lane<Item>>(({ tenant }) => origin.lanes.delete(tenant.name));
    origin.turns = turns;
    for (const lane of origin.lanes.values()) {
      this.#shut(lane);
      lane.turn = new Turn<Lane<Item>>(lane, lane.tenant.turn.weight);
      turns.enter(lane.turn);
    }
  }

  /** Lets the right lane stand for a scarce origin, and none where it is blocked. */
  #elect(origin: Origin<Item>): void {
    if (origin.turns === undefined) return;
    const next = origin.isBlocked ? undefined : nextOf(origin.turns);
    const before = origin.candidate;
    if (next === before) return;
    if (before !== undefined) this.#shut(before);
    origin.candidate = next;
    if (next !== undefined) this.#open(next);
  }

  #open(lane: Lane<Item>): void {
    const { tenant } = lane;
    tenant.open.add(lane);
    if (!tenant.isBlocked) this.#turns.enter(tenant.turn);
  }

  #shut(lane: Lane<Item>): void {
    const { tenant } = lane;
    tenant.open.remove(lane);
    if (tenant.open.size === 0) this.#turns.leave(tenant.turn);
  }
}

/** Whose turn it is; the lanes of blocked tenants step aside. */
function nextOf<Item>(turns: Turns<Lane<Item>>): Lane<Item> | undefined {
  for (let lane = turns.next; lane !== undefined; lane = turns.next) {
    const { tenant, turn } = lane;
    if (!tenant.isBlocked || turn === undefined) return lane;
    turns.leave(turn);
    tenant.withheld ??= new Set();
    tenant.withheld.add(lane);
  }
  return undefined;
}
