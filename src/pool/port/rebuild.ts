/**
 * Messages and errors as users know them, from the plain data that crossed a port (M7).
 */

import { type PlainError, RequestError } from '../../errors.ts';
import type { Message, PlainMessage } from '../../messages.ts';
import { responseOf } from '../response.ts';

/** The message that a plain one stands for. */
export function rebuildMessage(plain: PlainMessage): Message {
  switch (plain.type) {
    case 'status':
    case 'data':
      return plain;
    case 'done': {
      const { response, ...rest } = plain;
      return response === undefined ? rest : { ...rest, response: responseOf(response) };
    }
    case 'error':
      return { ...plain, error: rebuildError(plain.error) };
    default:
      return plain satisfies never;
  }
}

/** The error that a plain one stands for. */
export function rebuildError(plain: PlainError): RequestError {
  return new RequestError(plain.code, { ...plain, cause: causeOf(plain) });
}

function causeOf({ cause }: PlainError): unknown {
  if (cause === undefined) return undefined;
  const { name, message, code } = cause;
  return Object.assign(new Error(message), code === undefined ? { name } : { name, code });
}
