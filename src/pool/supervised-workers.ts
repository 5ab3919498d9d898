/**
 * The workers of a pool: their slots, the supervisor over them, the carrier that each runs on, and
 * what becomes of those that are gone.
 *
 * Invariants: a slot takes work while it is `up` and has a carrier; it is out of the choice before
 * the exchanges that it has hear of anything; after `stop` no worker is started any more.
 */

import type { Carrier } from '../actors/carrier.ts';
import { Connections } from '../actors/connections.ts';
import { InlineCarrier } from '../actors/inline-carrier.ts';
import { startPatienceMs } from '../actors/start-watch.ts';
import { ThreadCarrier } from '../actors/thread-carrier.ts';
import { createAgent } from '../actors/transport.ts';
import type { WorkerPorts } from '../actors/worker.ts';
import type { Clock } from '../clock.ts';
import type { ResolvedPool } from '../resolved-options.ts';
import type { WorkerStats } from '../stats.ts';
import { Retirement } from './retirement.ts';
import { type Supervisor, startSupervisor } from './supervisor.ts';
import { WorkerSlot } from './worker-slot.ts';

/** What tests replace: time, chance, and what runs in a thread. */
export interface Seams {
  readonly clock: Clock;
  readonly random: () => number;
  /** What the threads of workers run; `undefined` for the module that belongs here. */
  readonly threadModule: URL | undefined;
}

/** The pool, as its workers see it. */
export interface WorkersHost {
  /** Nothing runs any more where a worker stops now: its connections may be closed in order. */
  readonly isClosing: boolean;
  /** There is room again for whoever waits. */
  workerUp(): void;
  /** A slot takes no more work: with the death of its worker, or because its thread is not there. */
  workerDown(slot: WorkerSlot, error: unknown): void;
  workerStalled(slot: WorkerSlot): void;
  /** Workers died too often (W3). */
  workersFailed(error: unknown): void;
}

export class SupervisedWorkers {
  readonly slots: readonly WorkerSlot[];
  readonly #options: ResolvedPool;
  readonly #seams: Seams;
  readonly #host: WorkersHost;
  readonly #retirement: Retirement;
  #supervisor: Supervisor | undefined;

  constructor(options: ResolvedPool, seams: Seams, host: WorkersHost) {
    this.#options = options;
    this.#seams = seams;
    this.#host = host;
    this.#retirement = new Retirement(seams.clock);
    this.slots = Array.from({ length: options.workers }, (_, index) => new WorkerSlot(index + 1));
  }

  start(): void {
    const { workers, maxRestarts, restartWindow: restartWindowMs } = this.#options;
    this.#supervisor = startSupervisor({
      workers,
      maxRestarts,
      restartWindowMs,
      clock: this.#seams.clock,
      ports: this.#ports(),
      failed: (error) => this.#host.workersFailed(error),
    });
  }

  has(id: number): boolean {
    return this.slots.some((slot) => slot.id === id);
  }

  kill(id: number): void {
    this.#supervisor?.kill(id, new Error('killed by the operator'));
  }

  /** The carrier of a worker failed. */
  fault(id: number, error: unknown): void {
    this.#supervisor?.fault(id, error);
  }

  /**
   * First the supervisor, which stops the workers, each of which retires its carrier; so nothing can
   * be restarted behind our back. Then the connections, whose closing nobody is left to care about
   * but the process.
   */
  async stop(): Promise<void> {
    this.#supervisor?.stop();
    this.stopSlots();
    await this.#retirement.done();
  }

  /** They take no work for good. */
  stopSlots(): void {
    for (const slot of this.slots) {
      slot.state = 'stopped';
      slot.carrier = undefined;
    }
  }

  stats(): readonly WorkerStats[] {
    return this.slots.map((slot) => ({
      id: slot.id,
      state: slot.state,
      restarts: Math.max(0, slot.starts - 1),
      inFlight: slot.inFlight,
      openUploads: slot.openUploads,
      bytesSent: slot.bytesSent,
      bytesReceived: slot.bytesReceived,
      eventLoopUtilization: slot.carrier?.eventLoopUtilization(),
    }));
  }

  #slotOf(id: number): WorkerSlot | undefined {
    return this.slots[id - 1];
  }

  #ports(): WorkerPorts {
    const { clock, random } = this.#seams;
    return {
      create: (id) => this.#create(id),
      up: (id, carrier) => this.#up(id, carrier),
      down: (id, error) => this.#down(id, error),
      broken: (id, error) => this.#broken(id, error),
      retire: (carrier) => this.#retirement.retire(carrier, this.#host.isClosing),
      random,
      now: () => clock.now(),
    };
  }

  #create(id: number): Carrier {
    const { dispatcher, thread, wedgeTimeout: wedgeMs } = this.#options;
    const { clock, threadModule: module } = this.#seams;
    const connections = new Connections();
    const slot = this.#slotOf(id);
    // Nothing runs there now, and what the one before still closes is not the new one's.
    if (slot !== undefined) slot.connections = connections;
    if (thread === undefined) {
      return new InlineCarrier(dispatcher?.({ id }) ?? createAgent(clock, connections), clock);
    }
    const carrier: ThreadCarrier = new ThreadCarrier({
      ...{ id, clock, connections, wedgeMs, thread, module },
      startMs: startPatienceMs(slot?.failedStarts ?? 0),
      stalled: () => this.#stalled(slot, carrier),
      recovered: () => this.#recovered(slot, carrier),
      died: (error) => {
        if (slot?.carrier !== carrier) return;
        slot.failedStarts = carrier.isReady ? 0 : slot.failedStarts + 1;
        this.fault(id, error);
      },
    });
    return carrier;
  }

  #up(id: number, carrier: Carrier): void {
    const slot = this.#slotOf(id);
    if (slot === undefined) return;
    slot.carrier = carrier;
    slot.state = 'up';
    slot.starts += 1;
    // Not within the start of the worker itself: what is admitted may break it again.
    queueMicrotask(() => this.#host.workerUp());
  }

  #down(id: number, error: unknown): void {
    const slot = this.#slotOf(id);
    if (slot?.carrier === undefined) return;
    slot.carrier.halt();
    slot.carrier = undefined;
    slot.state = 'restarting';
    this.#host.workerDown(slot, error);
  }

  /** Where its machine broke before it had left `up`, nobody else retires its carrier. */
  #broken(id: number, error: unknown): void {
    const carrier = this.#slotOf(id)?.carrier;
    this.#down(id, error);
    if (carrier !== undefined) this.#retirement.retire(carrier, false);
  }

  /** Its thread may come up yet, but nobody waits for that where others could do the work (W4). */
  #stalled(slot: WorkerSlot | undefined, carrier: Carrier): void {
    if (slot?.carrier !== carrier) return;
    carrier.halt();
    slot.state = 'restarting';
    this.#host.workerStalled(slot);
  }

  #recovered(slot: WorkerSlot | undefined, carrier: Carrier): void {
    if (slot?.carrier !== carrier || slot.state !== 'restarting') return;
    slot.state = 'up';
    this.#host.workerUp();
  }
}
