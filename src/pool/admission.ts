/**
 * Who runs now, who waits, who is refused (clauses H6, H9).
 *
 * Who could run at once does: it touches neither the line nor the turnstile, and pays for no gate
 * that its pool has not got. The others wait in line (`pool/lines`) until a worker has room and
 * their gates are open (`pool/gates`); the turnstile (`pool/turnstile`) lets them in.
 *
 * Invariants: nobody who could run waits while a worker has room. A slot or a gate that was taken
 * is given back exactly once, when its exchange ends or moves. A gate is looked at
 * (`pool/gate-watch`) after every step that could open or shut it.
 */

import type { Clock } from '../clock.ts';
import type { ResolvedLimits } from '../resolved-options.ts';
import type { Deadlines } from './deadlines.ts';
import type { OriginGate } from './gate.ts';
import { GateWatch } from './gate-watch.ts';
import { Gates, type Passenger } from './gates.ts';
import { Lines, type Waiter } from './lines.ts';
import type { Answer } from './load-signs.ts';
import type { Strategy } from './select.ts';
import { Turnstile } from './turnstile.ts';
import type { WorkerSlot } from './worker-slot.ts';
import { Workers } from './workers.ts';

/** What is admitted; `waiter`, `gate` and `window` are kept here. */
export interface Applicant {
  readonly request: Passenger & { readonly priority: number };
  /** While it waits. */
  waiter: { leave(): void } | undefined;
  /** While it runs, where origins are limited. */
  gate: OriginGate | undefined;
  /** Of that gate, when it was passed. */
  window: number;
  /** Whether it has ended by now, or ends when it is asked, because nobody is there any more. */
  leftInTheQueue(): boolean;
}

export interface AdmissionOptions<Item extends Applicant> {
  readonly limits: ResolvedLimits;
  readonly slots: readonly WorkerSlot[];
  /** Chooses among the workers that have room. */
  readonly strategy: Strategy;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Runs an admitted exchange; must not throw. */
  readonly start: (item: Item, slot: WorkerSlot) => void;
  /** Those that run now. */
  readonly running: () => Iterable<Item>;
}

export class Admission<Item extends Applicant> {
  readonly #options: AdmissionOptions<Item>;
  readonly #lines: Lines<Item>;
  readonly #gates: Gates;
  readonly #watch: GateWatch;
  readonly #turnstile: Turnstile;
  readonly #workers: Workers;
  #limits: ResolvedLimits;
  #isPaused = false;

  constructor(options: AdmissionOptions<Item>) {
    this.#options = options;
    this.#limits = options.limits;
    this.#workers = new Workers(options.slots, options.strategy, options.limits.maxInFlight);
    this.#lines = new Lines((tenant) => this.#limits.tenants.get(tenant)?.weight ?? 1);
    const { clock, deadlines } = options;
    this.#watch = new GateWatch({ lines: this.#lines, clock, deadlines });
    this.#gates = new Gates(options.limits, (gate) => {
      this.#watch.look(gate);
      this.pump();
    });
    this.#turnstile = new Turnstile(this);
  }

  get limits(): ResolvedLimits {
    return this.#limits;
  }

  /** How many wait. */
  get queued(): number {
    return this.#lines.size;
  }

  /** Whether somebody who waits could run now. */
  get isOpen(): boolean {
    if (this.#isPaused || !this.#lines.isReady || !this.#workers.haveRoom) return false;
    return !this.#gates.isLimiting || this.#gates.isPoolOpen(this.#options.clock.now());
  }

  /** Starts the exchange, or lets it wait; `false` when there is no room to wait either. */
  admit(item: Item): boolean {
    if (this.#lines.size > 0 && this.#gates.isLimiting) {
      this.#letInBefore(item);
      // That can run code of users, in which this one may end.
      if (item.leftInTheQueue()) return true;
    }
    if (!this.#lines.isReady && this.#start(item)) return true;
    if (this.#lines.size >= this.#limits.queueLimit) return false;
    item.waiter = this.#lines.come(item, this.#claimOf(item));
    this.#lookAtAll(item);
    return true;
  }

  /**
   * An exchange that had been admitted and lost its worker goes first (W2); when all have come that
   * lost it, `pump` is due. It counts for a rate again: what reaches the peer is what a rate bounds,
   * and its first start did not.
   */
  readmit(item: Item): void {
    this.#leaveGate(item);
    if (item.leftInTheQueue()) return;
    if (!this.#lines.isReturnReady && this.#start(item)) return;
    item.waiter = this.#lines.comeBack(item, this.#claimOf(item));
    this.#lookAtAll(item);
  }

  /** The response to an exchange that runs has begun: its gate may learn from it. */
  answered({ gate, window }: Item, answer: Answer): void {
    if (gate === undefined) return;
    gate.answered(window, answer, this.#options.clock.now());
    this.#watch.look(gate);
    this.pump();
  }

  /** The exchange has ended: it waits no more, or is out of its gate. */
  leave(item: Item): void {
    if (item.waiter === undefined) {
      this.#leaveGate(item);
      return;
    }
    item.waiter.leave();
    item.waiter = undefined;
    this.#lookAtAll(item);
  }

  /** Lets in as many as could run now. */
  pump(): void {
    this.#turnstile.turn();
  }

  /** Nothing new starts; what runs goes on, and the queue timeouts of those who wait too. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  /** Other limits from now on: nobody who runs is stopped, and who waits runs if it can. */
  change(limits: ResolvedLimits): void {
    const nowMs = this.#options.clock.now();
    this.#limits = limits;
    this.#workers.maxInFlight = limits.maxInFlight;
    this.#lines.reweigh();
    this.#gates.change(limits);
    if (this.#gates.isPerOrigin) {
      for (const item of this.#options.running())
        item.gate ??= this.#gates.join(item.request, nowMs);
    }
    for (const gate of this.#gates.all()) this.#watch.look(gate);
    this.#gates.drop(nowMs);
    this.pump();
  }

  /** For the turnstile: the next of those who wait runs, and leaves the line only for that. */
  enter(): boolean {
    const waiter = this.#lines.first;
    return waiter?.runInAsyncScope(this.#enter, this, waiter) ?? false;
  }

  #enter(waiter: Waiter<Item>): boolean {
    const { item } = waiter;
    if (item.leftInTheQueue()) {
      // It takes no turn and no part of a rate.
      waiter.leave();
      return true;
    }
    const slot = this.#workers.select(item.request.origin);
    if (slot === undefined) return false;
    this.#lines.next();
    item.waiter = undefined;
    this.#run(item, slot);
    return true;
  }

  #start(item: Item): boolean {
    if (this.#isPaused) return false;
    const gates = this.#gates;
    if (gates.isLimiting && !gates.isOpen(item.request, this.#options.clock.now())) return false;
    const slot = this.#workers.select(item.request.origin);
    if (slot === undefined) return false;
    this.#run(item, slot);
    return true;
  }

  #run(item: Item, slot: WorkerSlot): void {
    if (this.#gates.isLimiting) {
      item.gate = this.#gates.pass(item.request, this.#options.clock.now());
      item.window = item.gate?.window ?? 0;
      this.#lookAtAll(item);
    }
    this.#options.start(item, slot);
  }

  #leaveGate(item: Item): void {
    const { gate } = item;
    if (gate === undefined) return;
    item.gate = undefined;
    gate.running -= 1;
    this.#watch.look(gate);
  }

  /**
   * A rate may have opened since its gate was last looked at, up to a tick before the wheel says so:
   * who has waited for that comes before who comes now.
   */
  #letInBefore(item: Item): void {
    this.#lookAtAll(item);
    this.pump();
  }

  #lookAtAll({ request }: Item): void {
    if (!this.#gates.isLimiting) return;
    for (const gate of this.#gates.of(request)) this.#watch.look(gate);
  }

  #claimOf({ request: { tenant, origin, priority } }: Item) {
    return { tenant, origin, priority, nowMs: this.#options.clock.now() };
  }
}
