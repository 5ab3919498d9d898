/** The admission of a pool without the pool: applicants that run until they are told to end. */

import { Admission, type Applicant } from '../../src/pool/admission.ts';
import { Deadlines } from '../../src/pool/deadlines.ts';
import { leastBusy } from '../../src/pool/select.ts';
import { WorkerSlot } from '../../src/pool/worker-slot.ts';
import { DEFAULT_LIMITS, type ResolvedLimits } from '../../src/resolved-options.ts';
import { ManualClock } from './manual-clock.ts';

export interface Applied extends Applicant {
  readonly name: string;
  slot: WorkerSlot | undefined;
}

export interface Wish {
  readonly tenant?: string;
  readonly origin?: string;
  readonly priority?: number;
}

export class AdmissionStage {
  readonly clock = new ManualClock(1_000);
  readonly deadlines = new Deadlines(this.clock);
  readonly slots: readonly WorkerSlot[];
  readonly admission: Admission<Applied>;
  /** All that were started, in order, with the time. */
  readonly starts: { readonly name: string; readonly atMs: number }[] = [];
  readonly running = new Set<Applied>();
  /** Names of those whose callers are dead, which only the admission has not heard of. */
  readonly left = new Set<string>();
  /** While set, no worker is chosen, whatever room there is. */
  choosesNone = false;
  /** Called at each start. */
  onStart: (item: Applied) => void = () => {};
  #limits: ResolvedLimits;

  constructor(limits: Partial<ResolvedLimits> = {}, workers = 1) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.slots = Array.from({ length: workers }, (_, index) => {
      const slot = new WorkerSlot(index + 1);
      slot.state = 'up';
      return slot;
    });
    this.admission = new Admission<Applied>({
      limits: this.#limits,
      slots: this.slots,
      strategy: {
        select: (...args) => (this.choosesNone ? undefined : leastBusy.select(...args)),
      },
      clock: this.clock,
      deadlines: this.deadlines,
      start: (item, slot) => this.#start(item, slot),
      running: () => this.running,
    });
  }

  get started(): string[] {
    return this.starts.map(({ name }) => name);
  }

  /** Applies; `undefined` when it was refused. */
  apply(name: string, wish: Wish = {}): Applied | undefined {
    const { tenant = '', origin = 'http://a', priority = 0 } = wish;
    const item: Applied = {
      name,
      request: { tenant, origin, priority },
      waiter: undefined,
      gate: undefined,
      window: 0,
      slot: undefined,
      leftInTheQueue: () => this.#leave(item),
    };
    return this.admission.admit(item) ? item : undefined;
  }

  /** It ends, wherever it is. */
  end(item: Applied | undefined): void {
    if (item === undefined) return;
    this.#free(item);
    this.admission.leave(item);
    this.admission.pump();
  }

  /** Ends the one that was started first of those that run. */
  endOne(): void {
    const [first] = this.running;
    this.end(first);
  }

  /** Their worker is gone; they come back. */
  comeBack(...items: readonly Applied[]): void {
    for (const item of items) {
      this.#free(item);
      this.admission.readmit(item);
    }
    this.admission.pump();
  }

  change(limits: Partial<ResolvedLimits>): void {
    this.#limits = { ...this.#limits, ...limits };
    this.admission.change(this.#limits);
  }

  /** How many run there now. */
  runningAt(origin: string): number {
    return [...this.running].filter(({ request }) => request.origin === origin).length;
  }

  #leave(item: Applied): boolean {
    if (!this.left.has(item.name)) return false;
    this.admission.leave(item);
    return true;
  }

  #start(item: Applied, slot: WorkerSlot): void {
    item.slot = slot;
    slot.take(item.request.origin);
    this.running.add(item);
    this.starts.push({ name: item.name, atMs: this.clock.now() });
    this.onStart(item);
  }

  #free(item: Applied): void {
    item.slot?.release(item.request.origin);
    item.slot = undefined;
    this.running.delete(item);
  }
}
