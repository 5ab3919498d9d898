/**
 * The handles, in a caller's thread, of exchanges that were asked for somewhere else.
 *
 * Invariant: one handle for each `ref` as long as it is reachable; when it is not, the pool is told.
 */

import { type AsyncHandle, createHandle } from '../../async-handle.ts';
import { RequestError } from '../../errors.ts';
import { AdoptedFlight, type AdoptedHost } from './adopted-flight.ts';

export class Adoptions {
  readonly #host: AdoptedHost;
  readonly #handles = new Map<string, WeakRef<AsyncHandle>>();
  readonly #collected = new FinalizationRegistry<string>((ref) => this.#lost(ref));

  constructor(host: AdoptedHost) {
    this.#host = host;
  }

  /** The handle for a `ref`; whether there is such an exchange shows when it is used. */
  handle(ref: unknown): AsyncHandle {
    if (typeof ref !== 'string' || ref === '') throw new RequestError('ERR_UNKNOWN_HANDLE');
    const known = this.#handles.get(ref)?.deref();
    if (known !== undefined) return known;
    const handle = createHandle(ref, new AdoptedFlight(ref, this.#host));
    this.#handles.set(ref, new WeakRef(handle));
    this.#collected.register(handle, ref);
    return handle;
  }

  #lost(ref: string): void {
    // There may be a new one already.
    if (this.#handles.get(ref)?.deref() !== undefined) return;
    this.#handles.delete(ref);
    this.#host.command({ type: 'release', ref });
  }
}
