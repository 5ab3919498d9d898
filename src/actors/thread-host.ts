/**
 * A worker's part inside its thread: one agent, and the exchanges that the pool has dispatched.
 *
 * Invariants: what happens to an exchange is the pool's to decide, the thread only does and tells;
 * an error that is nobody's exchange's is not caught: the thread dies of it, which is what it is
 * for (W1).
 */

import { realClock } from '../clock.ts';
import { wholeBody } from './chunk-bytes.ts';
import { isForeignMisuse } from './foreign-errors.ts';
import { HostedExchange } from './hosted-exchange.ts';
import { Outbox, type Parcel, ParcelBytes, type Postable } from './port-outbox.ts';
import { BlockTable } from './shared-blocks.ts';
import { MarkPage, newMarks, SharedMark } from './shared-marks.ts';
import type { PostedRequest, ThreadCommand, ThreadReport } from './thread-protocol.ts';
import { createAgent } from './transport.ts';
import { TurnoverMap } from './turnover-map.ts';
import type { Transport } from './worker-agent.ts';

/** The pool, as the thread sees it. */
export interface PoolPort extends Postable {
  on(event: 'message', listener: (parcel: Parcel<ThreadCommand>) => void): unknown;
}

/** Does what the pool says; `exit` ends the thread. */
export function hostExchanges(port: PoolPort, exit: () => void): void {
  const host = new ThreadHost(port, exit);
  port.on('message', (parcel) => host.receive(parcel));
}

class ThreadHost {
  readonly #outbox: Outbox<ThreadReport>;
  readonly #agent: Transport;
  readonly #exchanges = new TurnoverMap<number, HostedExchange>();
  readonly #blocks = new BlockTable();
  readonly #exit: () => void;
  #marks = new MarkPage(newMarks());

  constructor(port: Postable, exit: () => void) {
    this.#outbox = new Outbox(port, (error) => {
      throw error;
    });
    this.#agent = createAgent(realClock, {
      opened: (origin) => this.#outbox.add(['opened', origin]),
      closed: (origin) => this.#outbox.add(['closed', origin]),
    });
    this.#exit = exit;
    this.#outbox.add(['ready']);
  }

  receive(parcel: Parcel<ThreadCommand>): void {
    const bytes = new ParcelBytes(parcel);
    for (const command of parcel[0]) this.#do(command, bytes);
  }

  #do(command: ThreadCommand, bytes: ParcelBytes): void {
    switch (command[0]) {
      case 'marks':
        this.#marks = new MarkPage(command[1]);
        break;
      case 'dispatch':
        this.#dispatch(command[1], command[2], command[3], bytes);
        break;
      case 'chunk': {
        const chunk = bytes.take();
        this.#exchanges.get(command[1])?.chunk(chunk);
        break;
      }
      case 'lent': {
        const piece = this.#blocks.bytes(command[2]);
        if (piece !== undefined) this.#exchanges.get(command[1])?.chunk(piece);
        break;
      }
      case 'offered':
        this.#exchanges.get(command[1])?.offered();
        break;
      case 'block':
      case 'forget':
        this.#blocks.take(command);
        break;
      case 'finish':
        this.#exchanges.get(command[1])?.finish();
        break;
      case 'grant':
        this.#exchanges.get(command[1])?.grant(command[2]);
        break;
      case 'abort':
        this.#exchanges.get(command[1])?.abort();
        break;
      case 'ping':
        this.#outbox.add(['pong']);
        break;
      case 'end':
        void this.#end(command[1]);
        break;
      default:
        command satisfies never;
    }
  }

  #dispatch(id: number, posted: PostedRequest, creditBytes: number, parcel: ParcelBytes): void {
    const [method, origin, path, headers, body] = posted;
    const bytes = body === 'whole' ? wholeBody(parcel.take()) : undefined;
    const mark = new SharedMark(this.#marks, id);
    // While the thread was loading, say: no connection is made for nobody.
    if (mark.revoked) return;
    const exchange = new HostedExchange({
      id,
      agent: this.#agent,
      mark,
      outbox: this.#outbox,
      blocks: this.#blocks,
      request: { method, origin, path, headers, text: undefined, bytes },
      uploads: body === 'parts',
      creditBytes,
      over: () => this.#exchanges.delete(id),
    });
    this.#exchanges.set(id, exchange);
    try {
      exchange.dispatch();
    } catch (error) {
      // One that breaks what it is dispatched to counts as started, or it would do so to the next.
      if (!isForeignMisuse(error)) {
        mark.start();
        throw error;
      }
      exchange.exchangeFailed(error);
    }
  }

  async #end(peacefully: boolean): Promise<void> {
    if (peacefully) await this.#agent.close();
    // A turn later: resets of HTTP/2 streams that were just asked for go first.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#agent.destroy();
    this.#outbox.flush();
    this.#exit();
  }
}
