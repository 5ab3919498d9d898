/** Who receives the messages of one exchange, where they do not stay in its mailbox. */

import type { Message, ReplyTo } from '../../../src/index.ts';
import type { Receiver } from './plan.ts';
import { SimulatedActor } from './simulated-actor.ts';

export class SimulatedReceiver {
  /** Whether messages go elsewhere than to the mailbox. */
  readonly isSeparate: boolean;
  /** Where it is one that can die. */
  readonly #actor: SimulatedActor | undefined;

  constructor(receiver: Receiver) {
    this.isSeparate = SEPARATE.has(receiver);
    this.#actor = receiver === 'actor' ? new SimulatedActor() : undefined;
  }

  get isMortal(): boolean {
    return this.#actor !== undefined;
  }

  /** Listeners for its death. */
  get observers(): number {
    return this.#actor?.observers ?? 0;
  }

  die(): void {
    this.#actor?.die();
  }

  /** As an option of a request; what it gets goes to `receive`. */
  readonly replyTo = (receive: (message: Message) => void): ReplyTo => {
    if (this.#actor === undefined) return receive;
    this.#actor.receive = receive;
    return this.#actor;
  };
}

const SEPARATE: ReadonlySet<Receiver> = new Set(['function', 'thrower', 'actor']);
