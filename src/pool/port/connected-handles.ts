/**
 * The handles in a caller's thread: of exchanges that were asked for there, and of others, that it
 * has only a `ref` of.
 *
 * Invariant: one handle for each `ref` as long as it is reachable; when one of the others is not any
 * more, the pool is told.
 */

import { type AsyncHandle, createHandle } from '../../async-handle.ts';
import { RequestError } from '../../errors.ts';
import type { Exchanges } from '../checked-calls.ts';
import type { FlightTable } from '../flight-table.ts';
import type { HandleRecord } from '../handle-record.ts';
import { Handles } from '../handles.ts';
import { AdoptedFlight, type AdoptedHost } from './adopted-flight.ts';
import type { RemoteFlight } from './remote-flight.ts';

export class ConnectedHandles implements Readonly<Exchanges['handles']> {
  readonly own: Handles<RemoteFlight>;
  readonly #host: AdoptedHost;
  readonly #prefix: string;
  readonly #adopted = new Map<string, WeakRef<AsyncHandle>>();
  readonly #collected = new FinalizationRegistry<string>((ref) => this.#lost(ref));

  /** `prefix`: what the refs of its own exchanges begin with. */
  constructor(host: AdoptedHost, flights: FlightTable<RemoteFlight>, prefix: string) {
    this.own = new Handles(host, flights);
    this.#host = host;
    this.#prefix = prefix;
  }

  open(handle: AsyncHandle): HandleRecord {
    return this.own.open(handle);
  }

  find(handle: unknown): HandleRecord | undefined {
    return this.own.find(handle);
  }

  /** The handle for a `ref`; whether another thread has such an exchange shows when it is used. */
  byRef(ref: unknown): AsyncHandle {
    if (typeof ref !== 'string' || ref === '') throw new RequestError('ERR_UNKNOWN_HANDLE');
    if (ref.startsWith(`${this.#prefix}.`)) return this.own.byRef(ref);
    const known = this.#adopted.get(ref)?.deref();
    if (known !== undefined) return known;
    const handle = createHandle(ref, new AdoptedFlight(ref, this.#host));
    this.#adopted.set(ref, new WeakRef(handle));
    this.#collected.register(handle, ref);
    return handle;
  }

  #lost(ref: string): void {
    // There may be a new one already.
    if (this.#adopted.get(ref)?.deref() !== undefined) return;
    this.#adopted.delete(ref);
    this.#host.command({ type: 'release', ref });
  }
}
