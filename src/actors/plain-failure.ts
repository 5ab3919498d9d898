/**
 * Errors of undici and Node on their way between threads: a structured clone of an error drops its
 * `code` and the name of its class.
 *
 * Invariant: what is rebuilt is an `Error` with the same name, message, stack, own plain fields and
 * causes, so that `actors/foreign-errors` finds in it what it would have found in the original.
 * A field that does not show when the error is printed does not show afterwards either (S3).
 */

import { said } from '../own-options.ts';

type Plain = string | number | boolean | bigint | null | undefined;

export type PlainFailure =
  | { readonly error: false; readonly value: Plain }
  | {
      readonly error: true;
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly fields: readonly (readonly [name: string, value: Plain, shows: boolean])[];
      readonly cause: PlainFailure | undefined;
      /** The attempts that an `AggregateError` stands for. */
      readonly errors: readonly PlainFailure[] | undefined;
    };

/** Causes of causes are followed this far; they may go in a circle. */
const MOST_CAUSES = 8;

/** The error as plain data. */
export function plainFailure(error: unknown, depth = 0): PlainFailure {
  if (!(error instanceof Error)) return { error: false, value: isPlain(error) ? error : NO_TEXT };
  const goesOn = depth < MOST_CAUSES;
  const isAggregate = error instanceof AggregateError && goesOn;
  return {
    error: true,
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    fields: fieldsOf(error),
    cause:
      Object.hasOwn(error, 'cause') && goesOn ? plainFailure(error.cause, depth + 1) : undefined,
    errors: isAggregate ? error.errors.map((each) => plainFailure(each, depth + 1)) : undefined,
  };
}

/** The error again. */
export function rebuiltFailure(failure: PlainFailure): unknown {
  if (!failure.error) return failure.value;
  const { name, message, stack, fields, cause, errors } = failure;
  const options = cause === undefined ? undefined : { cause: rebuiltFailure(cause) };
  const error =
    errors === undefined
      ? new Error(message, options)
      : new AggregateError(errors.map(rebuiltFailure), message, options);
  define(error, 'stack', stack, false);
  if (error.name !== name) define(error, 'name', name, false);
  for (const [field, value, shows] of fields) define(error, field, value, shows);
  return error;
}

/** Those that every error has are told apart from the rest. */
const COMMON = new Set(['name', 'message', 'stack', 'cause', 'errors']);

function fieldsOf(error: Error): [string, Plain, boolean][] {
  const fields: [string, Plain, boolean][] = [];
  const seen = Object.getOwnPropertyDescriptors(error);
  for (const [name, { value, enumerable = false }] of Object.entries(seen)) {
    if (!COMMON.has(name) && isPlain(value)) fields.push([name, value, enumerable]);
  }
  // undici keeps the codes of some of its errors on their class.
  const code = said(error, 'code');
  if (!Object.hasOwn(error, 'code') && typeof code === 'string') fields.push(['code', code, true]);
  return fields;
}

function define(error: Error, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, name, { value, enumerable, configurable: true, writable: true });
}

function isPlain(value: unknown): value is Plain {
  return (
    (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') ||
    value === null
  );
}

const NO_TEXT = 'a failure that cannot be put into words';
