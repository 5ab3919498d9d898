/**
 * The running pool behind the façade: the map of what is in flight, the gate, the supervisor, and
 * the end of it all.
 *
 *     open ── close ──▶ closing ── last exchange ended ──▶ ended
 *       └── destroy, or too many deaths ──▶ destroyed / failed ──▶ ended
 *
 * Invariants: `#flights` is the truth for what is in flight, an exchange enters it once and leaves
 * it in `remove`, before anybody hears of its end; after `ended` no socket, timer, thread or
 * listener of the pool is left (P2).
 */

import type { Carrier } from '../actors/carrier.ts';
import { Connections } from '../actors/connections.ts';
import { InlineCarrier } from '../actors/inline-carrier.ts';
import { ThreadCarrier } from '../actors/thread-carrier.ts';
import { createAgent } from '../actors/transport.ts';
import type { WorkerPorts } from '../actors/worker.ts';
import type { AsyncHandle } from '../async-handle.ts';
import type { Clock } from '../clock.ts';
import { badOptions, type ErrorCode, RequestError } from '../errors.ts';
import type { PoolLimits, ResolvedDefaults, ResolvedPool, ResolvedRequest } from '../options.ts';
import type { PoolStats } from '../stats.ts';
import { Admission } from './admission.ts';
import { Deadlines } from './deadlines.ts';
import { Flight } from './flight.ts';
import type { FlightHost } from './flight-host.ts';
import { FlightTable } from './flight-table.ts';
import { Handles } from './handles.ts';
import type { Answer } from './load-signs.ts';
import { Retirement } from './retirement.ts';
import { strategyOf } from './select.ts';
import { type Supervisor, startSupervisor } from './supervisor.ts';
import { changeLimits } from './validate-limits.ts';
import { type RequestCall, resolveRequest } from './validate-request.ts';
import { Watches } from './watches.ts';
import { WorkerSlot } from './worker-slot.ts';

/** What tests replace: time, chance, and what runs in a thread. */
export interface Seams {
  readonly clock: Clock;
  readonly random: () => number;
  /** What the threads of workers run; `undefined` for the module that belongs here. */
  readonly threadModule: URL | undefined;
}

type Life = 'open' | 'closing' | 'destroyed' | 'failed';

export class Engine implements FlightHost<Flight> {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly #flights = new FlightTable<Flight>();
  readonly handles: Handles<Flight>;
  readonly defaults: ResolvedDefaults;
  /** Whether its workers have the pool's own transport, not one of the user's. */
  readonly hasOwnTransport: boolean;
  readonly #watches = new Watches();
  readonly #slots: readonly WorkerSlot[];
  readonly #admission: Admission<Flight>;
  readonly #supervisor: Supervisor;
  readonly #retirement: Retirement;
  readonly #threadModule: URL | undefined;
  readonly #errors: Record<string, number> = {};
  #done = 0;
  #openUploads = 0;
  /** While the exchanges of a dead worker end or move. */
  #moving = false;
  #life: Life = 'open';
  #ended: Promise<void> | undefined;
  #lastEnded: (() => void) | undefined;

  constructor(options: ResolvedPool, seams: Seams) {
    this.clock = seams.clock;
    this.#threadModule = seams.threadModule;
    this.defaults = options.defaults;
    this.hasOwnTransport = options.dispatcher === undefined;
    this.deadlines = new Deadlines(seams.clock);
    this.handles = new Handles(this, this.#flights);
    this.#retirement = new Retirement(seams.clock);
    this.#slots = Array.from({ length: options.workers }, (_, index) => new WorkerSlot(index + 1));
    this.#admission = new Admission({
      limits: options.limits,
      slots: this.#slots,
      strategy: strategyOf(options.select, seams.random),
      clock: seams.clock,
      deadlines: this.deadlines,
      start: (flight, slot) => flight.start(slot),
      running: () => this.#flights.snapshot().filter(({ isQueued }) => !isQueued),
    });
    this.#supervisor = startSupervisor({
      workers: options.workers,
      maxRestarts: options.maxRestarts,
      restartWindowMs: options.restartWindow,
      clock: seams.clock,
      ports: this.#workerPorts(options, seams.random),
      failed: (error) => this.#fail(error),
    });
  }

  /** Checks a call and lets its exchange go; throws where nothing more is admitted (P1, W3). */
  request(call: RequestCall): AsyncHandle {
    this.assertOpen();
    const request = resolveRequest(call, this.defaults);
    const flight = this.#flights.add((ref, row) => new Flight({ ref, row }, request, this));
    const handle = this.handles.create(flight);
    this.launch(flight);
    return handle;
  }

  stats(): PoolStats {
    return {
      queued: this.#admission.queued,
      inFlight: this.#flights.size - this.#admission.queued,
      openUploads: this.#openUploads,
      workers: this.#slots.map((slot) => ({
        id: slot.id,
        state: slot.state,
        restarts: Math.max(0, slot.starts - 1),
        inFlight: slot.inFlight,
        openUploads: slot.openUploads,
        bytesSent: slot.bytesSent,
        bytesReceived: slot.bytesReceived,
        eventLoopUtilization: slot.carrier?.eventLoopUtilization(),
      })),
      totals: { done: this.#done, error: { ...this.#errors } },
    };
  }

  hasWorker(id: number): boolean {
    return this.#slots.some((slot) => slot.id === id);
  }

  killWorker(id: number): void {
    this.#supervisor.kill(id, new Error('killed by the operator'));
  }

  pause(): void {
    // A pool that closes lets everything end, and a paused one could not.
    if (this.#life === 'open') this.#admission.pause();
  }

  resume(): void {
    this.#admission.resume();
  }

  /** Checks the limits and changes them; those that are not given stay. */
  setLimits(limits: PoolLimits): void {
    this.#admission.change(changeLimits(limits, this.#admission.limits, this.#slots.length));
  }

  /** Admits nothing more and resolves when all has ended and is closed (P1). */
  close(): Promise<void> {
    if (this.#life === 'open') {
      this.#life = 'closing';
      this.#admission.resume();
    }
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Ends everything at once (P1). */
  destroy(reason: unknown): Promise<void> {
    if (this.#life === 'open' || this.#life === 'closing') {
      this.#life = 'destroyed';
      this.#stopAll('ERR_POOL_DESTROYED', reason);
    }
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** The record of an exchange that was asked for in another thread, by the `ref` it has there. */
  takeIn(ref: string, request: ResolvedRequest): Flight {
    if (this.#flights.get(ref) !== undefined) {
      throw badOptions([{ option: 'ref', problem: 'is that of another exchange' }]);
    }
    return this.#flights.add((_, row) => new Flight({ ref, row }, request, this), ref);
  }

  /** Throws where nothing more is admitted. */
  assertOpen(): void {
    if (this.#life === 'open') return;
    throw new RequestError(CLOSED_CODES[this.#life]);
  }

  /** Lets a new exchange go: it runs, waits, or has ended when this returns. */
  launch(flight: Flight): void {
    this.#watches.begin(flight);
    if (flight.isSettled) return;
    flight.waitForAdmission();
    if (!this.#admission.admit(flight)) flight.stop('ERR_OVERLOAD');
  }

  // --- for the exchanges ----------------------------------------------------------------------

  countUploads(change: number): void {
    this.#openUploads += change;
  }

  requeue(flight: Flight): void {
    flight.waitForAdmission();
    this.#admission.readmit(flight);
  }

  answered(flight: Flight, answer: Answer): void {
    this.#admission.answered(flight, answer);
  }

  workerFault(worker: WorkerSlot, error: unknown): void {
    this.#supervisor.fault(worker.id, error);
  }

  remove(flight: Flight, outcome: 'done' | ErrorCode): void {
    this.#flights.delete(flight);
    this.handles.ended(flight);
    // Only what keeps an origin from answering tells of its load.
    if (!flight.isAnswered) flight.gate?.failed(flight.window, outcome);
    this.#admission.leave(flight);
    this.#watches.end(flight);
    if (outcome === 'done') this.#done += 1;
    else this.#errors[outcome] = (this.#errors[outcome] ?? 0) + 1;
  }

  settled(): void {
    if (!this.#moving) this.#letIn();
    if (this.#flights.size === 0) this.#lastEnded?.();
  }

  #letIn(): void {
    // Where all are being ended, the slot of the first is not for the next.
    if (this.#life === 'open' || this.#life === 'closing') this.#admission.pump();
  }

  // --- the workers ----------------------------------------------------------------------------

  #workerPorts(options: ResolvedPool, random: () => number): WorkerPorts {
    return {
      create: (id) => this.#createCarrier(id, options),
      up: (id, carrier) => this.#workerUp(id, carrier),
      down: (id, error) => this.#workerDown(id, error),
      retire: (carrier) => this.#retirement.retire(carrier, this.#life === 'closing'),
      random,
      now: () => this.clock.now(),
    };
  }

  #createCarrier(id: number, options: ResolvedPool): Carrier {
    const { dispatcher, thread, wedgeTimeout: wedgeMs } = options;
    const { clock } = this;
    const connections = new Connections();
    const slot = this.#slots[id - 1];
    // Nothing runs there now, and what the one before still closes is not the new one's.
    if (slot !== undefined) slot.connections = connections;
    if (thread === undefined) {
      return new InlineCarrier(dispatcher?.({ id }) ?? createAgent(clock, connections));
    }
    const carrier: ThreadCarrier = new ThreadCarrier({
      ...{ id, clock, connections, wedgeMs, thread, module: this.#threadModule },
      stalled: () => this.#workerStalled(slot, carrier),
      recovered: () => this.#workerRecovered(slot, carrier),
      died: (error) => {
        if (slot?.carrier === carrier) this.#supervisor.fault(id, error);
      },
    });
    return carrier;
  }

  #workerUp(id: number, carrier: WorkerSlot['carrier']): void {
    const slot = this.#slots[id - 1];
    if (slot === undefined) return;
    slot.carrier = carrier;
    slot.state = 'up';
    slot.starts += 1;
    // Not within the start of the worker itself: what is admitted may break it again.
    queueMicrotask(() => this.#admission.pump());
  }

  #workerDown(id: number, error: unknown): void {
    const slot = this.#slots[id - 1];
    if (slot?.carrier === undefined) return;
    slot.carrier.halt();
    slot.carrier = undefined;
    this.#closeSlot(slot, (flight) => flight.workerDied(error));
  }

  /** Its thread may come up yet, but nobody waits for that where others could do the work (W4). */
  #workerStalled(slot: WorkerSlot | undefined, carrier: Carrier): void {
    if (slot?.carrier !== carrier) return;
    carrier.halt();
    this.#closeSlot(slot, (flight) => flight.workerStalled());
  }

  #workerRecovered(slot: WorkerSlot | undefined, carrier: Carrier): void {
    if (slot?.carrier !== carrier || slot.state !== 'restarting') return;
    slot.state = 'up';
    this.#letIn();
  }

  /** No more work for a worker; `tell` those that it has. */
  #closeSlot(slot: WorkerSlot, tell: (flight: Flight) => void): void {
    // First out of the choice, so that what moves does not come back here.
    slot.state = 'restarting';
    // Nobody else has the room first that those who move will need (W2).
    this.#moving = true;
    try {
      for (const flight of this.#flights.snapshot()) if (flight.worker === slot) tell(flight);
    } finally {
      this.#moving = false;
    }
    this.#letIn();
  }

  // --- the end --------------------------------------------------------------------------------

  #fail(error: unknown): void {
    if (this.#life === 'destroyed' || this.#life === 'failed') return;
    this.#life = 'failed';
    this.#stopSlots();
    this.#stopAll('ERR_POOL_FAILED', error);
  }

  #stopAll(code: ErrorCode, cause: unknown): void {
    for (const flight of this.#flights.snapshot()) flight.stop(code, cause);
  }

  /**
   * The exchanges first: while one lives it needs its worker, and stopping the workers would end it
   * with the wrong code. Then the supervisor, which stops the workers, each of which retires its
   * carrier; so nothing can be restarted behind our back. Then the connections, whose closing
   * nobody is left to care about but the process.
   */
  async #end(): Promise<void> {
    if (this.#flights.size > 0) {
      await new Promise<void>((resolve) => {
        this.#lastEnded = resolve;
      });
    }
    this.#supervisor.stop();
    this.#stopSlots();
    await this.#retirement.done();
  }

  #stopSlots(): void {
    for (const slot of this.#slots) {
      slot.state = 'stopped';
      slot.carrier = undefined;
    }
  }
}

const CLOSED_CODES: Readonly<Record<Exclude<Life, 'open'>, ErrorCode>> = {
  closing: 'ERR_POOL_CLOSED',
  destroyed: 'ERR_POOL_DESTROYED',
  failed: 'ERR_POOL_FAILED',
};
