/**
 * Who waits, and who is next (clause H9): pure data, without a clock and without anything that runs.
 *
 * Tenants take turns by weight (`pool/turns`); of the tenant whose turn it is, the first by
 * priority and age moves (`pool/lane`), whatever its origin. An origin or a tenant that is blocked
 * holds up nobody else, and skipping it costs nothing (`pool/open-lanes`).
 *
 * Invariants: a place is in line from `enqueue` to `dequeue` or `remove`, once. Each step costs the
 * same however many wait: it grows with the logarithm of the number of tenants, origins and
 * priorities, and the first block of an origin with the number of tenants that wait for it. Where
 * nobody waits nothing is kept.
 */

import { Lane, Origin, type Place, Tenant } from './lane.ts';
import { OpenLanes } from './open-lanes.ts';

export type { Place } from './lane.ts';

/** Whose work it is, where it goes, and how it is ordered. */
export interface Claim {
  readonly tenant: string;
  readonly origin: string;
  readonly priority: number;
  /** When it came: never before one that came earlier. */
  readonly nowMs: number;
}

export class WaitingLine<Item> {
  readonly #weightOf: (tenant: string) => number;
  readonly #tenants = new Map<string, Tenant<Item>>();
  readonly #origins = new Map<string, Origin<Item>>();
  #lanes = this.#newLanes();
  #size = 0;
  #order = 0;

  constructor(weightOf: (tenant: string) => number) {
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#size;
  }

  /** The next who could move. */
  get first(): Item | undefined {
    return this.#lanes.next?.first?.item;
  }

  /** Whether somebody could move. */
  get isReady(): boolean {
    return this.#lanes.next !== undefined;
  }

  enqueue(item: Item, { tenant: name, origin: to, priority, nowMs }: Claim): Place<Item> {
    const tenant = this.#tenantOf(name);
    const origin = this.#originOf(to);
    const lane = laneOf(tenant, origin);
    if (tenant.waiting === 0) this.#lanes.rouse(tenant);
    const place = lane.add({ item, priority, nowMs, order: this.#order });
    this.#order += 1;
    this.#size += 1;
    tenant.waiting += 1;
    origin.waiting += 1;
    if (lane.size === 1) this.#lanes.appear(lane);
    else if (lane.first === place) this.#lanes.reordered(lane);
    return place;
  }

  /** The next who could move; `undefined` when there is none. */
  dequeue(): Item | undefined {
    const lane = this.#lanes.next;
    const place = lane?.first;
    if (lane === undefined || place === undefined) return undefined;
    this.#lanes.taken(lane);
    this.remove(place);
    return place.item;
  }

  /** Leaves the line; `false` for a place that was left before. */
  remove(place: Place<Item>): boolean {
    const lane = place.list?.lane;
    if (lane === undefined) return false;
    const { tenant, origin } = lane;
    const wasFirst = lane.first === place;
    lane.remove(place);
    this.#size -= 1;
    tenant.waiting -= 1;
    origin.waiting -= 1;
    if (lane.size === 0) this.#lanes.vanish(lane);
    else if (wasFirst) this.#lanes.reordered(lane);
    if (origin.waiting === 0) this.#origins.delete(origin.name);
    if (tenant.waiting === 0) this.#lanes.rest(tenant);
    if (this.#size === 0) this.#forgetAll();
    return true;
  }

  /** Nobody moves there until `unblock`. `false`, and nothing, when nobody waits for it. */
  block(name: string): boolean {
    const origin = this.#origins.get(name);
    if (origin === undefined) return false;
    if (!origin.isBlocked) this.#lanes.block(origin);
    return true;
  }

  unblock(name: string): void {
    const origin = this.#origins.get(name);
    if (origin?.isBlocked === true) this.#lanes.unblock(origin);
  }

  /** Nobody of it moves until `unblockTenant`. `false`, and nothing, when nobody of it waits. */
  blockTenant(name: string): boolean {
    const tenant = this.#tenants.get(name);
    if (tenant === undefined || tenant.waiting === 0) return false;
    if (!tenant.isBlocked) this.#lanes.blockTenant(tenant);
    return true;
  }

  unblockTenant(name: string): void {
    const tenant = this.#tenants.get(name);
    if (tenant?.isBlocked === true) this.#lanes.unblockTenant(tenant);
  }

  /** The weights have changed. */
  reweigh(): void {
    for (const [name, { turn }] of this.#tenants) turn.weight = this.#weightOf(name);
    for (const { lanes } of this.#origins.values()) {
      for (const { tenant, turn } of lanes.values()) {
        if (turn !== undefined) turn.weight = tenant.turn.weight;
      }
    }
  }

  #tenantOf(name: string): Tenant<Item> {
    const known = this.#tenants.get(name);
    if (known !== undefined) return known;
    const tenant = new Tenant<Item>(name, this.#weightOf(name));
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #originOf(name: string): Origin<Item> {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const origin = new Origin<Item>(name);
    this.#origins.set(name, origin);
    return origin;
  }

  /** Where nobody waits nobody has waited in vain: all begin anew. */
  #forgetAll(): void {
    this.#tenants.clear();
    this.#lanes = this.#newLanes();
  }

  #newLanes(): OpenLanes<Item> {
    return new OpenLanes<Item>(({ name }) => this.#tenants.delete(name));
  }
}

function laneOf<Item>(tenant: Tenant<Item>, origin: Origin<Item>): Lane<Item> {
  const known = origin.lanes.get(tenant.name);
  if (known === undefined) {
    const lane = new Lane(tenant, origin);
    origin.lanes.set(tenant.name, lane);
    return lane;
  }
  // A lane that rests may have outlived the tenant it was made for.
  known.tenant = tenant;
  return known;
}
