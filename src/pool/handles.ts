/**
 * Handles and what they stand for: minting, looking up, and noticing when one is thrown away.
 *
 * A handle keeps its record; the record does not keep its handle. So results live as long as a
 * handle is reachable, and when the last one of a running exchange is collected, that is the death
 * of its caller, unless somebody else receives (clause H8).
 */

import { type AsyncHandle, createHandle, handleTarget } from '../async-handle.ts';
import { RequestError } from '../errors.ts';
import { Flight } from './flight.ts';
import type { FlightHost } from './flight-host.ts';

export class Handles {
  readonly #host: FlightHost<Flight>;
  /** The reachable handles, of running and of ended exchanges. */
  readonly #byRef = new Map<string, WeakRef<AsyncHandle>>();
  readonly #collected: FinalizationRegistry<string>;
  readonly #running: (ref: string) => Flight | undefined;

  constructor(host: FlightHost<Flight>, running: (ref: string) => Flight | undefined) {
    this.#host = host;
    this.#running = running;
    this.#collected = new FinalizationRegistry((ref) => this.#lost(ref));
  }

  create(flight: Flight): AsyncHandle {
    const handle = createHandle(flight.ref, flight);
    this.#byRef.set(flight.ref, new WeakRef(handle));
    this.#collected.register(handle, flight.ref);
    return handle;
  }

  /** The record of a handle; throws `ERR_UNKNOWN_HANDLE` for what is none of this pool's. */
  open(handle: AsyncHandle): Flight {
    const flight = this.find(handle);
    if (flight === undefined) throw new RequestError('ERR_UNKNOWN_HANDLE');
    return flight;
  }

  /** The record of a handle, `undefined` for what is none of this pool's. */
  find(handle: unknown): Flight | undefined {
    const target = handleTarget(handle);
    return target instanceof Flight && target.host === this.#host ? target : undefined;
  }

  /** The handle for a `ref` (H2): of a running exchange, or of one whose handle is still held. */
  byRef(ref: unknown): AsyncHandle {
    if (typeof ref !== 'string') throw new RequestError('ERR_UNKNOWN_HANDLE');
    const handle = this.#byRef.get(ref)?.deref();
    if (handle !== undefined) return handle;
    const flight = this.#running(ref);
    if (flight === undefined) throw new RequestError('ERR_UNKNOWN_HANDLE', { ref });
    return this.create(flight);
  }

  #lost(ref: string): void {
    // A second handle may have been made from the `ref` while the first was being collected.
    if (this.#byRef.get(ref)?.deref() !== undefined) return;
    this.#byRef.delete(ref);
    const flight = this.#running(ref);
    if (flight?.isForHandle !== true) return;
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
