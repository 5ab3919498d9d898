/**
 * A receiver that keeps what it gets: hand `receive` over as `replyTo`, await messages one by one or
 * the end of the exchange, and look at the whole log once the pool is closed.
 */

import type { Message, TerminalMessage } from '../../src/index.ts';
import { Inbox } from './inbox.ts';

export class MessageLog {
  readonly messages: Message[] = [];
  /** Resolves with the first terminal message. */
  readonly ended: Promise<TerminalMessage>;
  readonly #inbox = new Inbox<Message>();
  readonly #end: (message: TerminalMessage) => void;
  readonly #then: (message: Message) => void;

  /** `then` is called after a message was noted, within the delivery. */
  constructor(then: (message: Message) => void = () => {}) {
    const { promise, resolve } = Promise.withResolvers<TerminalMessage>();
    this.ended = promise;
    this.#end = resolve;
    this.#then = then;
  }

  /** Bound, to be used as it is. */
  readonly receive = (message: Message): void => {
    this.messages.push(message);
    this.#inbox.push(message);
    if (message.type === 'done' || message.type === 'error') this.#end(message);
    this.#then(message);
  };

  /** The next message that was not asked for yet. */
  next(): Promise<Message> {
    return this.#inbox.next();
  }

  get types(): string[] {
    return this.messages.map(({ type }) => type);
  }

  /** The data so far, joined. */
  get body(): Uint8Array {
    return bodyOf(this.messages);
  }
}

/** The data of some messages, joined. */
export function bodyOf(messages: readonly Message[]): Uint8Array {
  const chunks = messages.flatMap((message) => (message.type === 'data' ? [message.chunk] : []));
  return Uint8Array.from(Buffer.concat(chunks));
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

/** All messages of a loop. */
export async function readAll(messages: AsyncIterable<Message>): Promise<readonly Message[]> {
  const all: Message[] = [];
  for await (const message of messages) all.push(message);
  return all;
}
