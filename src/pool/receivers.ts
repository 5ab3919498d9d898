/**
 * Where messages go when it is not the mailbox: functions, actors, ports (clause M2).
 *
 * Invariant: what a receiver throws stays here, as a process warning; it harms neither the worker
 * nor another exchange. Warnings name the exchange by its `ref` and carry no data of it (S3).
 */

import { types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import type { Message, PlainMessage } from '../messages.ts';
import type { ReplyTo } from '../options.ts';
import { plainResponse } from './response.ts';

export type Deliver = (message: Message) => void;

/** How to deliver to a receiver; the function returned never throws. */
export function deliverTo(receiver: ReplyTo): Deliver {
  if (typeof receiver === 'function') return guarded(receiver);
  if (isPort(receiver)) return guarded((message) => post(receiver, message));
  return guarded((message) => receiver.send(message));
}

/** Whether a value can receive messages. */
export function isReceiver(value: unknown): value is ReplyTo {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  return isPort(value) || ('send' in value && typeof value.send === 'function');
}

function isPort(value: object): value is MessagePort {
  return value instanceof MessagePort;
}

/** Posts a message; its bytes cross by transfer. */
function post(port: MessagePort, message: Message): void {
  const { plain, transfer } = plainMessage(message);
  port.postMessage(plain, transfer);
}

function guarded(deliver: (message: Message) => unknown): Deliver {
  return (message) => {
    try {
      const result = deliver(message);
      // Most return nothing, which is not worth a call out of JavaScript for every chunk.
      if (typeof result === 'object' && types.isPromise(result))
        result.catch((error: unknown) => warn(message, error));
    } catch (error) {
      warn(message, error);
    }
  };
}

function warn(message: Message, error: unknown): void {
  const what = kindOf(error);
  process.emitWarning(
    `the receiver of exchange ${message.ref} threw ${what} on its ${message.type} message`,
    { type: 'SpoolReceiverWarning', code: 'SPOOL_RECEIVER_THREW' },
  );
}

/** What was thrown is the user's own: naming it may throw in turn. */
function kindOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.name) : typeof error;
  } catch {
    return 'something';
  }
}

/** A message as plain data, and the buffers of it that cross by transfer. */
export interface Plain {
  readonly plain: PlainMessage;
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * A message as plain data (clause M7). `own` gives its bytes in a buffer of their own: a chunk is
 * often a small view of a large read, and a port would send all of that along.
 */
export function plainMessage(message: Message, own: Own = copyOf): Plain {
  switch (message.type) {
    case 'status':
      return { plain: message, transfer: [] };
    case 'data': {
      const chunk = own(message.chunk);
      return { plain: { ...message, chunk }, transfer: [chunk.buffer] };
    }
    case 'done': {
      const { response, ...rest } = message;
      if (response === undefined) return { plain: rest, transfer: [] };
      const body = own(response.body);
      const plain = { ...rest, response: { ...plainResponse(response), body } };
      return { plain, transfer: [body.buffer] };
    }
    case 'error':
      return { plain: { ...message, error: message.error.toJSON() }, transfer: [] };
    default:
      return message satisfies never;
  }
}

/** The bytes in a buffer that holds nothing else and that may be given away. */
export type Own = (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;

/** An exact copy. */
export const copyOf: Own = (bytes) => new Uint8Array(bytes);
