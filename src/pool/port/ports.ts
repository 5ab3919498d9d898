/**
 * The ports of one pool.
 *
 * Invariant: after `close` none is open, and each was told why before it was closed.
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ErrorCode } from '../../errors.ts';
import type { Engine } from '../engine.ts';
import { PortServer } from './port-server.ts';

export class Ports {
  readonly #engine: Engine;
  readonly #servers = new Set<PortServer>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** A new port, to be handed to another thread. */
  open(): MessagePort {
    this.#engine.assertOpen();
    const { port1, port2 } = new MessageChannel();
    const server = new PortServer(this.#engine, port1);
    this.#servers.add(server);
    void server.closed.then(() => this.#servers.delete(server));
    return port2;
  }

  /** The pool lets nothing more in. */
  announce(code: ErrorCode): void {
    for (const server of this.#servers) server.announce(code);
  }

  async close(): Promise<void> {
    const servers = [...this.#servers];
    for (const server of servers) server.close();
    await Promise.all(servers.map(({ closed }) => closed));
  }
}
