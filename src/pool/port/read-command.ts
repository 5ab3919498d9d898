/**
 * Reads what came over a port: a command of the protocol, or nothing.
 *
 * Invariant: whatever the other end posts, only values of the declared shape get through; what a
 * request asks for is not checked here but with all other options, in `wire-call`.
 */

import { own } from '../../own-options.ts';
import type { Command, Question, WireCall } from './protocol.ts';

/** The command that a value is; `undefined` for any other value. */
export function readCommand(value: unknown): Command | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const type = own(value, 'type');
  if (type === 'ask' || type === 'forget') return readAsking(type, value);
  const ref = own(value, 'ref');
  if (typeof ref !== 'string') return undefined;
  switch (type) {
    case 'request': {
      const call = readCall(own(value, 'call'));
      return call && { type, ref, call };
    }
    case 'body': {
      const chunk = own(value, 'chunk');
      return isBytes(chunk) && chunk.byteLength > 0 ? { type, ref, chunk } : undefined;
    }
    case 'grant': {
      const bytes = own(value, 'bytes');
      return typeof bytes === 'number' && bytes > 0 ? { type, ref, bytes } : undefined;
    }
    case 'caller_died': {
      const heard = own(value, 'heard');
      return typeof heard === 'boolean' ? { type, ref, heard } : undefined;
    }
    case 'finish':
    case 'source_failed':
    case 'cancel':
    case 'receiver_died':
    case 'adopt':
    case 'release':
      return { type, ref };
    default:
      return undefined;
  }
}

function readAsking(type: 'ask' | 'forget', value: object): Command | undefined {
  const id = own(value, 'id');
  if (typeof id !== 'number') return undefined;
  if (type === 'forget') return { type, id };
  const question = readQuestion(own(value, 'question'));
  return question && { type, id, question };
}

function readQuestion(value: unknown): Question | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const verb = own(value, 'verb');
  if (verb === 'stats') return { verb };
  const ref = own(value, 'ref');
  if (typeof ref !== 'string') return undefined;
  switch (verb) {
    case 'await':
    case 'receive': {
      const timeout = own(value, 'timeout');
      return typeof timeout === 'number' && timeout >= 0 ? { verb, ref, timeout } : undefined;
    }
    case 'send': {
      const chunk = own(value, 'chunk');
      return isBytes(chunk) ? { verb, ref, chunk } : undefined;
    }
    case 'finish':
      return { verb, ref };
    default:
      return undefined;
  }
}

function readCall(value: unknown): WireCall | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const url = own(value, 'url');
  const method = own(value, 'method');
  const headers = own(value, 'headers');
  const options = own(value, 'options');
  const body = own(value, 'body');
  const credit = own(value, 'credit');
  if (typeof url !== 'string' || typeof method !== 'string') return undefined;
  if (headers !== undefined && !isListOfTexts(headers)) return undefined;
  if (!isPlain(options)) return undefined;
  if (typeof credit !== 'number' || !(credit >= 0)) return undefined;
  if (!isBody(body)) return undefined;
  return { url, method, headers, options, body, credit };
}

/** Its gaps count: a list is as long as it says, however little it holds. */
function isListOfTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  for (const one of value) if (typeof one !== 'string') return false;
  return true;
}

/** An object with names; one of bytes would have a name for each. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** Bytes in memory that the other end has no more: what is shared can change while it is counted. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.buffer instanceof ArrayBuffer;
}

function isBody(value: unknown): value is WireCall['body'] {
  if (value === undefined || value === 'source') return true;
  if (typeof value !== 'object' || value === null) return false;
  const bytes = own(value, 'bytes');
  return typeof bytes === 'string' || isBytes(bytes);
}
