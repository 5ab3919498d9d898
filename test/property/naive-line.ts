/**
 * The waiting line as simply as it can be said: a list, searched from end to end each time. Who may
 * move is said with each `dequeue`; a turn that nobody may take now is not lost by it.
 */

import type { Claim } from '../../src/pool/waiting-line.ts';

interface Waiting extends Claim {
  readonly id: number;
}

interface Standing {
  startsAt: number;
  /** When it last came into line. */
  order: number;
}

export class NaiveLine {
  readonly #weights: ReadonlyMap<string, number>;
  #waiting: Waiting[] = [];
  #standings = new Map<string, Standing>();
  #virtualTime = 0;
  #comings = 0;

  constructor(weights: ReadonlyMap<string, number>) {
    this.#weights = weights;
  }

  get size(): number {
    return this.#waiting.length;
  }

  enqueue(id: number, claim: Claim): void {
    if (!this.#waiting.some(({ tenant }) => tenant === claim.tenant)) this.#come(claim.tenant);
    this.#waiting.push({ id, ...claim });
  }

  /** `open`: those who may move; without it all may. */
  dequeue(open?: ReadonlySet<number>): number | undefined {
    const moving = this.#waiting.filter(({ id }) => open?.has(id) !== false);
    const [tenant] = this.#tenantsOf(moving);
    if (tenant === undefined) return undefined;
    const standing = this.#standing(tenant);
    this.#virtualTime = standing.startsAt;
    standing.startsAt += 1 / (this.#weights.get(tenant) ?? 1);
    const [first] = moving.filter((one) => one.tenant === tenant).sort(byKey);
    if (first !== undefined) this.remove(first.id);
    return first?.id;
  }

  remove(id: number): void {
    this.#waiting = this.#waiting.filter((one) => one.id !== id);
    if (this.#waiting.length > 0) return;
    this.#standings = new Map();
    this.#virtualTime = 0;
  }

  #come(tenant: string): void {
    const standing = this.#standing(tenant);
    standing.startsAt = Math.max(standing.startsAt, this.#virtualTime);
    standing.order = this.#comings;
    this.#comings += 1;
  }

  /** Whose they are, whose turn it is first. */
  #tenantsOf(moving: readonly Waiting[]): string[] {
    const names = new Set(moving.map(({ tenant }) => tenant));
    return [...names].sort((a, b) => {
      const [one, other] = [this.#standing(a), this.#standing(b)];
      return one.startsAt - other.startsAt || one.order - other.order;
    });
  }

  #standing(tenant: string): Standing {
    const known = this.#standings.get(tenant);
    if (known !== undefined) return known;
    const standing = { startsAt: 0, order: 0 };
    this.#standings.set(tenant, standing);
    return standing;
  }
}

function byKey(one: Waiting, other: Waiting): number {
  const [first, second] = [one, other].map(({ priority, nowMs }) => priority * 1000 - nowMs);
  return (second ?? 0) - (first ?? 0) || one.id - other.id;
}
