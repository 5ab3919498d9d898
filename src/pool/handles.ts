/**
 * Handles and what they stand for: minting, looking up, and noticing when one is thrown away.
 *
 * A handle keeps its record. The record keeps its handle only while both are young: a sweep, every
 * `SWEEP_MS` while there are young ones, replaces that by a weak reference, and from then on the
 * collection of the handle is noticed. So results live as long as a handle is reachable, and an
 * exchange whose handle is dropped ends as that of a dead caller, unless somebody else receives
 * (clause H8).
 *
 * Why not weak from the start: V8 carries what a `WeakRef` or a `FinalizationRegistry` points to
 * through its minor collections. Measured, that made every request with its response survive until
 * a major one and cost 5 µs of its 30; most exchanges end before their first sweep and never pay.
 * For the same reason a `ref` finds only what is running: a result is kept by a handle, not by name.
 */

import { type AsyncHandle, createHandle, handleTarget } from '../async-handle.ts';
import { RequestError } from '../errors.ts';
import { type Deadline, UNSET_DEADLINE } from './deadlines.ts';
import type { FlightTable } from './flight-table.ts';
import type { HandleRecord, RecordHost } from './handle-record.ts';

/** Age at which an exchange keeps its handle no longer. */
const SWEEP_MS = 50;
/** Records looked at in one sweep, so that a long queue stalls nobody. */
const SWEEP_ROWS = 4096;

export class Handles<Item extends HandleRecord> implements Deadline {
  dueMs: number = UNSET_DEADLINE.dueMs;
  slot: number = UNSET_DEADLINE.slot;
  next: Deadline | undefined;
  previous: Deadline | undefined;
  readonly #host: RecordHost;
  readonly #flights: FlightTable<Item>;
  readonly #collected = new FinalizationRegistry<string>((ref) => this.#lost(ref));
  /** Running exchanges that keep their handle. */
  #young = 0;
  #cursor = 0;

  constructor(host: RecordHost, flights: FlightTable<Item>) {
    this.#host = host;
    this.#flights = flights;
  }

  create(flight: Item): AsyncHandle {
    const handle = createHandle(flight.ref, flight);
    flight.handle = handle;
    this.#young += 1;
    if (this.#young === 1) this.#schedule();
    return handle;
  }

  /** The exchange has ended: its handle is on its own. */
  ended(flight: Item): void {
    if (flight.handle instanceof WeakRef) this.#collected.unregister(flight);
    else if (flight.handle !== undefined) this.#young -= 1;
    if (this.#young === 0) this.#host.deadlines.clear(this);
  }

  /** The record of a handle; throws `ERR_UNKNOWN_HANDLE` for what is none of this pool's. */
  open(handle: AsyncHandle): HandleRecord {
    const flight = this.find(handle);
    if (flight === undefined) throw new RequestError('ERR_UNKNOWN_HANDLE');
    return flight;
  }

  /** The record of a handle, `undefined` for what is none of this pool's. */
  find(handle: unknown): HandleRecord | undefined {
    const target = handleTarget(handle);
    return this.#isOwn(target) ? target : undefined;
  }

  /** The handle for the `ref` of a running exchange (H2). */
  byRef(ref: unknown): AsyncHandle {
    if (typeof ref !== 'string') throw new RequestError('ERR_UNKNOWN_HANDLE');
    const flight = this.#flights.get(ref);
    if (flight === undefined) throw new RequestError('ERR_UNKNOWN_HANDLE', { ref });
    const known = flight.handle instanceof WeakRef ? flight.handle.deref() : flight.handle;
    if (known !== undefined) return known;
    // The first one was collected, and its collection not yet noticed.
    const handle = createHandle(ref, flight);
    this.#weaken(flight, handle);
    return handle;
  }

  /** The sweep. */
  expire(): void {
    const rows = Math.min(SWEEP_ROWS, this.#flights.rows);
    for (let looked = 0; looked < rows && this.#young > 0; looked += 1) {
      this.#cursor = (this.#cursor + 1) % this.#flights.rows;
      const flight = this.#flights.at(this.#cursor);
      if (flight?.handle === undefined || flight.handle instanceof WeakRef) continue;
      this.#young -= 1;
      this.#weaken(flight, flight.handle);
    }
    if (this.#young > 0) this.#schedule();
  }

  /** Only its own records have this host. */
  #isOwn(target: unknown): target is HandleRecord {
    if (typeof target !== 'object' || target === null) return false;
    return 'host' in target && target.host === this.#host;
  }

  #weaken(flight: Item, handle: AsyncHandle): void {
    flight.handle = new WeakRef(handle);
    this.#collected.register(handle, flight.ref, flight);
  }

  #schedule(): void {
    this.#host.deadlines.set(this, this.#host.clock.now() + SWEEP_MS);
  }

  #lost(ref: string): void {
    const flight = this.#flights.get(ref);
    if (flight?.isForHandle !== true) return;
    // A second handle may have been made from the `ref` while the first was being collected.
    if (!(flight.handle instanceof WeakRef) || flight.handle.deref() !== undefined) return;
    warnOf(ref);
    flight.callerDied();
  }
}

function warnOf(ref: string): void {
  process.emitWarning(
    `the handle of exchange ${ref} was dropped before its end; nobody can receive it, so it is treated as one whose caller died`,
    { type: 'SpoolHandleWarning', code: 'SPOOL_HANDLE_DROPPED' },
  );
}
