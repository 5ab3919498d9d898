/**
 * The running pool behind the façade: the map of what is in flight, the gate, the supervisor, and
 * the end of it all. What it may still be asked for is `pool/pool-life`'s to say.
 *
 * Invariants: `#flights` is the truth for what is in flight, an exchange enters it once and leaves
 * it in `remove`, before anybody hears of its end; when `close` or `destroy` has resolved no socket,
 * timer, thread or listener of the pool is left (P2).
 */

import type { AsyncHandle } from '../async-handle.ts';
import type { Clock } from '../clock.ts';
import { badOptions, type ErrorCode } from '../errors.ts';
import type { PoolLimits } from '../options.ts';
import type { ResolvedDefaults, ResolvedPool, ResolvedRequest } from '../resolved-options.ts';
import type { PoolStats } from '../stats.ts';
import { Admission } from './admission.ts';
import { claim } from './body-source.ts';
import { Deadlines } from './deadlines.ts';
import { Flight } from './flight.ts';
import type { FlightHost } from './flight-host.ts';
import { FlightTable } from './flight-table.ts';
import { Handles } from './handles.ts';
import type { Answer } from './load-signs.ts';
import { PoolLife } from './pool-life.ts';
import { strategyOf } from './select.ts';
import { type Seams, SupervisedWorkers, type WorkersHost } from './supervised-workers.ts';
import { changeLimits } from './validate-limits.ts';
import { type RequestCall, resolveRequest } from './validate-request.ts';
import { Watches } from './watches.ts';
import { WorkerLoss } from './worker-loss.ts';
import type { WorkerSlot } from './worker-slot.ts';

export class Engine implements FlightHost<Flight>, WorkersHost {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly #flights = new FlightTable<Flight>();
  readonly handles: Handles<Flight>;
  readonly defaults: ResolvedDefaults;
  /** Whether its workers have the pool's own transport, not one of the user's. */
  readonly hasOwnTransport: boolean;
  readonly #watches = new Watches();
  readonly #workers: SupervisedWorkers;
  readonly #loss = new WorkerLoss(this.#flights);
  readonly #admission: Admission<Flight>;
  readonly #life = new PoolLife();
  readonly #errors: Record<string, number> = {};
  #done = 0;
  #openUploads = 0;
  #ended: Promise<void> | undefined;
  #lastEnded: (() => void) | undefined;

  constructor(options: ResolvedPool, seams: Seams) {
    this.clock = seams.clock;
    this.defaults = options.defaults;
    this.hasOwnTransport = options.dispatcher === undefined;
    this.deadlines = new Deadlines(seams.clock);
    this.handles = new Handles(this, this.#flights);
    this.#workers = new SupervisedWorkers(options, seams, this);
    this.#admission = new Admission({
      limits: options.limits,
      slots: this.#workers.slots,
      strategy: strategyOf(options.select, seams.random),
      clock: seams.clock,
      deadlines: this.deadlines,
      start: (flight, slot) => flight.start(slot),
      running: () => this.#flights.snapshot().filter(({ isQueued }) => !isQueued),
    });
    this.#workers.start();
  }

  /** Checks a call and lets its exchange go; throws where nothing more is admitted (P1, W3). */
  request(call: RequestCall): AsyncHandle {
    this.assertOpen();
    const request = resolveRequest(call, this.defaults);
    // Again: options may be read from code of the user's, which may end the pool.
    this.assertOpen();
    claim(request.source);
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
      workers: this.#workers.stats(),
      totals: { done: this.#done, error: { ...this.#errors } },
    };
  }

  hasWorker(id: number): boolean {
    return this.#workers.has(id);
  }

  killWorker(id: number): void {
    this.#workers.kill(id);
  }

  pause(): void {
    // A pool that closes lets everything end, and a paused one could not.
    if (this.#life.isOpen) this.#admission.pause();
  }

  resume(): void {
    this.#admission.resume();
  }

  /** Checks the limits and changes them; those that are not given stay. */
  setLimits(limits: PoolLimits): void {
    this.#admission.change(
      changeLimits(limits, this.#admission.limits, this.#workers.slots.length),
    );
  }

  /** Admits nothing more and resolves when all has ended and is closed (P1). */
  close(): Promise<void> {
    if (this.#life.close()) this.#admission.resume();
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Ends everything at once (P1). */
  destroy(reason: unknown): Promise<void> {
    if (this.#life.destroy()) this.#stopAll('ERR_POOL_DESTROYED', reason);
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
    this.#life.assertOpen();
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
    this.#workers.fault(worker.id, error);
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
    if (!this.#loss.isMoving) this.#letIn();
    if (this.#flights.size === 0) this.#lastEnded?.();
  }

  #letIn(): void {
    // Where all are being ended, the slot of the first is not for the next.
    if (this.#life.isLiving) this.#admission.pump();
  }

  // --- for the workers ------------------------------------------------------------------------

  get isClosing(): boolean {
    return this.#life.isClosing;
  }

  workerUp(): void {
    this.#letIn();
  }

  workerDown(slot: WorkerSlot, error: unknown): void {
    this.#loss.died(slot, error);
    this.#letIn();
  }

  workerStalled(slot: WorkerSlot): void {
    this.#loss.stalled(slot);
    this.#letIn();
  }

  // --- the end --------------------------------------------------------------------------------

  workersFailed(error: unknown): void {
    if (!this.#life.fail()) return;
    this.#workers.stopSlots();
    this.#stopAll('ERR_POOL_FAILED', error);
  }

  #stopAll(code: ErrorCode, cause: unknown): void {
    for (const flight of this.#flights.snapshot()) flight.stop(code, cause);
  }

  /**
   * The exchanges first: while one lives it needs its worker, and stopping the workers would end it
   * with the wrong code. Then the workers, and the connections they leave.
   */
  async #end(): Promise<void> {
    if (this.#flights.size > 0) {
      await new Promise<void>((resolve) => {
        this.#lastEnded = resolve;
      });
    }
    await this.#workers.stop();
  }
}
