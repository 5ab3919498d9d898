/**
 * The pool's end of one port: does what the commands say, reports what comes of it.
 *
 * Invariants:
 *  - whatever is posted from the other end, nothing is thrown here and no exchange but those of
 *    this port is touched; what is no command is refused, with whatever was to come after it in its
 *    batch, and with one warning per port;
 *  - when the port closes, whoever held the other end is a dead caller for each exchange (C2, C3);
 *  - it keeps neither the thread nor the process alive.
 */

import { type MessagePort, threadId } from 'node:worker_threads';
import { TurnoverMap } from '../../actors/turnover-map.ts';
import { newPrefix } from '../../async-handle.ts';
import { type ErrorCode, RequestError } from '../../errors.ts';
import { CheckedCalls } from '../checked-calls.ts';
import type { Engine } from '../engine.ts';
import { Answers } from './answers.ts';
import { Outbox } from './outbox.ts';
import { type ExchangePort, PortExchange } from './port-exchange.ts';
import {
  type Command,
  type ExchangeCommand,
  type Hello,
  PROTOCOL,
  type Report,
  type WireCall,
} from './protocol.ts';
import { readCommand } from './read-command.ts';

export class PortServer implements ExchangePort {
  readonly givesChunks: boolean;
  /** Resolves when the port is closed, at whichever end. */
  readonly closed: Promise<void>;
  readonly #engine: Engine;
  readonly #port: MessagePort;
  readonly #exchanges = new TurnoverMap<string, PortExchange>();
  readonly #outbox: Outbox<Report>;
  readonly #answers: Answers;
  readonly #prefix = newPrefix();
  readonly #bell = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  #warned = false;

  constructor(engine: Engine, port: MessagePort) {
    this.#engine = engine;
    this.#port = port;
    this.givesChunks = engine.hasOwnTransport;
    this.#answers = new Answers({
      calls: new CheckedCalls(engine),
      records: engine.handles,
      stats: () => engine.stats(),
      report: (report, transfer) => this.report(report, transfer),
    });
    const bell = new Int32Array(this.#bell);
    // Not before the turn is over: many sockets are read in one.
    this.#outbox = new Outbox<Report>(port, setImmediate, {
      flushed: () => {
        Atomics.add(bell, 0, 1);
        Atomics.notify(bell, 0);
      },
      instead: (report, error) => this.#instead(report, error),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    port.on('message', (batch: unknown) => this.#receive(batch));
    port.on('messageerror', () => this.#refuse());
    port.once('close', () => {
      resolve();
      this.#died();
    });
    port.unref();
    port.postMessage(this.#hello());
  }

  report(report: Report, transfer?: readonly ArrayBuffer[]): void {
    this.#outbox.post(report, transfer);
  }

  ended({ ref }: PortExchange): void {
    this.#exchanges.delete(ref);
  }

  /** Tells the other end that nothing more is let in. */
  announce(code: ErrorCode): void {
    this.report({ type: 'closing', code });
  }

  /** Posts what is left, then closes the port. */
  close(): void {
    this.#outbox.flush();
    this.#port.close();
  }

  #hello(): Hello {
    return {
      type: 'hello',
      protocol: PROTOCOL,
      prefix: this.#prefix,
      threadId,
      defaults: this.#engine.defaults,
      bell: this.#bell,
    };
  }

  #receive(batch: unknown): void {
    if (!Array.isArray(batch)) {
      this.#refuse();
      return;
    }
    for (const value of batch) {
      const command = readCommand(value);
      if (command === undefined) {
        // Whoever has posted this is no connected pool; a list can be longer than anybody can read.
        this.#refuse();
        return;
      }
      this.#do(command);
    }
  }

  #do(command: Command): void {
    if (command.type === 'request') {
      this.#request(command.ref, command.call);
      return;
    }
    switch (command.type) {
      case 'adopt':
        this.#answers.adopt(command.ref);
        break;
      case 'release':
        this.#answers.release(command.ref);
        break;
      case 'ask':
        this.#answers.ask(command.id, command.question);
        break;
      case 'forget':
        this.#answers.forget(command.id);
        break;
      default:
        this.#tell(command);
    }
  }

  /** Commands that were on their way when the exchange ended find nothing. */
  #tell(command: ExchangeCommand): void {
    const { ref } = command;
    const exchange = this.#exchanges.get(ref);
    if (exchange === undefined) {
      if (command.type === 'cancel') this.#answers.cancel(ref);
      if (command.type === 'grant') this.#answers.grant(ref, command.bytes);
      return;
    }
    switch (command.type) {
      case 'body':
        exchange.body(command.chunk);
        break;
      case 'finish':
        exchange.finish();
        break;
      case 'source_failed':
        exchange.sourceFailed();
        break;
      case 'grant':
        exchange.grant(command.bytes);
        break;
      case 'cancel':
        exchange.cancel();
        break;
      case 'caller_died':
        exchange.callerDied(command.heard);
        break;
      case 'receiver_died':
        exchange.receiverDied();
        break;
      default:
        command satisfies never;
    }
  }

  #request(ref: string, call: WireCall): void {
    if (!ref.startsWith(`${this.#prefix}.`) || this.#exchanges.has(ref)) {
      this.#refuse();
      return;
    }
    try {
      this.#engine.assertOpen();
      const exchange = new PortExchange(ref, call, this, this.#engine.defaults);
      this.#exchanges.set(ref, exchange);
      exchange.begin(this.#engine);
    } catch (cause) {
      this.#exchanges.delete(ref);
      const error =
        cause instanceof RequestError ? cause : new RequestError('ERR_BAD_OPTIONS', { cause });
      this.report({ type: 'refused', ref, error: error.toJSON() });
    }
  }

  /** What is said in place of a message or an answer that cannot be cloned; all else is plain. */
  #instead(report: Report, cause: unknown): Report | undefined {
    if (report.type === 'answer') {
      const error = new RequestError('ERR_PROTOCOL', { cause }).toJSON();
      return { type: 'answer', id: report.id, answer: { type: 'failed', error } };
    }
    if (report.type !== 'message') return undefined;
    const { ref } = report.message;
    this.#exchanges.get(ref)?.cancel();
    return {
      type: 'refused',
      ref,
      error: new RequestError('ERR_PROTOCOL', { ref, cause }).toJSON(),
    };
  }

  #died(): void {
    this.#outbox.close();
    this.#answers.close();
    for (const exchange of this.#exchanges.values()) exchange.callerDied(false);
  }

  #refuse(): void {
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning('a port of the pool got a message that is no command; it was ignored', {
      type: 'SpoolPortWarning',
      code: 'SPOOL_PORT_MESSAGE',
    });
  }
}
