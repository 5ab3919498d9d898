/**
 * The two lines of a pool: those that come, and those that come back because they have lost their
 * worker before they had begun. Who comes back goes first (clause W2).
 *
 * Who waits runs in the async context of its own request, not of whoever made room for it.
 */

import { AsyncResource } from 'node:async_hooks';
import { type Claim, type Place, WaitingLine } from './waiting-line.ts';

/** One who waits, and the context it came from. */
export class Waiter<Item> extends AsyncResource {
  readonly item: Item;
  readonly #line: WaitingLine<Waiter<Item>>;
  readonly #place: Place<Waiter<Item>>;

  constructor(item: Item, line: WaitingLine<Waiter<Item>>, claim: Claim) {
    super('SpoolAdmission');
    this.item = item;
    this.#line = line;
    this.#place = line.enqueue(this, claim);
  }

  /** Waits no more. */
  leave(): void {
    this.#line.remove(this.#place);
  }
}

export class Lines<Item> {
  readonly #coming: WaitingLine<Waiter<Item>>;
  readonly #returning: WaitingLine<Waiter<Item>>;

  constructor(weightOf: (tenant: string) => number) {
    this.#coming = new WaitingLine(weightOf);
    this.#returning = new WaitingLine(weightOf);
  }

  get size(): number {
    return this.#coming.size + this.#returning.size;
  }

  /** Whether somebody could move. */
  get isReady(): boolean {
    return this.#coming.isReady || this.#returning.isReady;
  }

  /** Whether one of those that came back could move. */
  get isReturnReady(): boolean {
    return this.#returning.isReady;
  }

  come(item: Item, claim: Claim): Waiter<Item> {
    return new Waiter(item, this.#coming, claim);
  }

  comeBack(item: Item, claim: Claim): Waiter<Item> {
    return new Waiter(item, this.#returning, claim);
  }

  /** Who is next, and stays in line. */
  get first(): Waiter<Item> | undefined {
    return this.#returning.first ?? this.#coming.first;
  }

  next(): Waiter<Item> | undefined {
    return this.#returning.dequeue() ?? this.#coming.dequeue();
  }

  /** `false` when nobody waits for the origin. */
  block(origin: string): boolean {
    const isReturn = this.#returning.block(origin);
    return this.#coming.block(origin) || isReturn;
  }

  unblock(origin: string): void {
    this.#returning.unblock(origin);
    this.#coming.unblock(origin);
  }

  /** `false` when nobody of the tenant waits. */
  blockTenant(tenant: string): boolean {
    const isReturn = this.#returning.blockTenant(tenant);
    return this.#coming.blockTenant(tenant) || isReturn;
  }

  unblockTenant(tenant: string): void {
    this.#returning.unblockTenant(tenant);
    this.#coming.unblockTenant(tenant);
  }

  /** The weights have changed. */
  reweigh(): void {
    this.#returning.reweigh();
    this.#coming.reweigh();
  }
}
