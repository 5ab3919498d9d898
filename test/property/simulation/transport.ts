/**
 * undici without a network: each dispatch is a `Wire`, on which a test plays the peer.
 *
 * Invariant: a dispatcher that is destroyed fails what it still holds, and every later dispatch.
 */

import { Dispatcher } from 'undici';
import { Wire } from './wire.ts';

export class SimulatedDispatcher extends Dispatcher {
  /** What the next `dispatch` throws. */
  fault: Error | undefined;
  destroyed = false;
  /** Called just before a dispatch throws. */
  onFault: (path: string, error: Error) => void = () => {};
  readonly #worker: number;
  readonly #dispatched: (wire: Wire) => void;
  readonly #wires = new Set<Wire>();

  constructor(worker: number, dispatched: (wire: Wire) => void) {
    super();
    this.#worker = worker;
    this.#dispatched = dispatched;
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const fault = this.fault ?? (this.destroyed ? goneError() : undefined);
    this.fault = undefined;
    if (fault !== undefined) {
      this.onFault(options.path, fault);
      throw fault;
    }
    const left = (wire: Wire): void => void this.#wires.delete(wire);
    const wire = new Wire({ options, handler, worker: this.#worker, left });
    this.#wires.add(wire);
    this.#dispatched(wire);
    return true;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {
    this.destroyed = true;
    for (const wire of [...this.#wires]) wire.fail(goneError());
  }
}

/** As undici says that the dispatcher itself is gone. */
function goneError(): Error {
  return Object.assign(new Error('The client is destroyed'), { code: 'UND_ERR_DESTROYED' });
}

/** An error as Node makes it. */
export function systemError(code: string, syscall = 'read'): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}
