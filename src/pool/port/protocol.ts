/**
 * What crosses the port between a pool and a caller's thread: commands one way, reports the other,
 * plain data both ways, in batches.
 *
 * The first message on a port is the pool's `Hello`; it waits in the port while that is handed over,
 * so that whoever connects can read it at once and knows what the pool's defaults are.
 *
 * Credit keeps each side from burying the other: the pool sends at most what was granted of a
 * response (`grant`), the caller at most what was taken of an upload (`took`).
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { badOptions, type ErrorCode, type PlainError } from '../../errors.ts';
import type { PlainMessage, PlainResponse } from '../../messages.ts';
import { own } from '../../own-options.ts';
import type { ResolvedDefaults } from '../../resolved-options.ts';
import type { PoolStats } from '../../stats.ts';

/** Bytes of one response that may be on their way through a port (or wait there to be looked at). */
export const HOP_BYTES = 1024 * 1024;

export interface Hello {
  readonly type: 'hello';
  /** Version of this protocol; both ends have to be of the same. */
  readonly protocol: typeof PROTOCOL;
  /** What the refs of exchanges asked for through this port begin with. */
  readonly prefix: string;
  /** The thread of the pool. */
  readonly threadId: number;
  readonly defaults: ResolvedDefaults;
  /** One `Int32`, counted up and notified whenever something was posted for the caller. */
  readonly bell: SharedArrayBuffer;
}

export const PROTOCOL = 1;

/** A request as it crosses: validated where it was made, and once more where it runs. */
export interface WireCall {
  readonly url: string;
  readonly method: string;
  /** Names and values in turn; `undefined` where they are those of the pool. */
  readonly headers: readonly string[] | undefined;
  /** What else the caller has set, by the names of `RequestOptions`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** A whole body, `'source'` for one that is read in the caller's thread. */
  readonly body: { readonly bytes: Uint8Array | string } | 'source' | undefined;
  /** Bytes of the response that may be sent before the first grant. */
  readonly credit: number;
}

/** From the caller's thread. */
export type Command =
  | { readonly type: 'request'; readonly ref: string; readonly call: WireCall }
  | { readonly type: 'body'; readonly ref: string; readonly chunk: Uint8Array }
  | { readonly type: 'finish'; readonly ref: string }
  /** The source of the body threw. */
  | { readonly type: 'source_failed'; readonly ref: string }
  | { readonly type: 'grant'; readonly ref: string; readonly bytes: number }
  | { readonly type: 'cancel'; readonly ref: string }
  /** `heard`: somebody else than the caller receives. */
  | { readonly type: 'caller_died'; readonly ref: string; readonly heard: boolean }
  | { readonly type: 'receiver_died'; readonly ref: string }
  /** A handle was made of the `ref` of an exchange that was asked for somewhere else. */
  | { readonly type: 'adopt'; readonly ref: string }
  | { readonly type: 'release'; readonly ref: string }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  /** Nobody waits for the answer any more. */
  | { readonly type: 'forget'; readonly id: number };

/** What is asked of the pool itself, or of an exchange that was adopted. Times in milliseconds. */
export type Question =
  | { readonly verb: 'stats' }
  | { readonly verb: 'await'; readonly ref: string; readonly timeout: number }
  | { readonly verb: 'receive'; readonly ref: string; readonly timeout: number }
  | { readonly verb: 'send'; readonly ref: string; readonly chunk: Uint8Array }
  | { readonly verb: 'finish'; readonly ref: string };

export type Answer =
  | { readonly type: 'stats'; readonly stats: PoolStats }
  | { readonly type: 'response'; readonly response: PlainResponse }
  | { readonly type: 'message'; readonly message: PlainMessage | undefined }
  | { readonly type: 'taken'; readonly taken: boolean }
  | { readonly type: 'failed'; readonly error: PlainError };

/** From the thread of the pool. */
export type Report =
  | { readonly type: 'message'; readonly message: PlainMessage }
  /** So many bytes of the upload are taken; with `open` false nothing more will be. */
  | { readonly type: 'took'; readonly ref: string; readonly bytes: number; readonly open: boolean }
  | { readonly type: 'finished'; readonly ref: string; readonly whole: boolean }
  /** The exchange runs: its source is to be read. */
  | { readonly type: 'source_wanted'; readonly ref: string }
  | { readonly type: 'source_unwanted'; readonly ref: string }
  /** The request was not let in; there is no exchange. */
  | { readonly type: 'refused'; readonly ref: string; readonly error: PlainError }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  /** The pool lets nothing more in. */
  | { readonly type: 'closing'; readonly code: ErrorCode };

/** A command to an exchange. */
export type ExchangeCommand = Exclude<
  Command,
  { readonly type: 'request' | 'adopt' | 'release' | 'ask' | 'forget' }
>;

/** A report about an exchange that was asked for through this port. */
export type ExchangeReport = Exclude<Report, { readonly type: 'answer' | 'closing' }>;

/** The hello of a fresh port, where it waits since the pool made it; throws where there is none. */
export function helloOn(port: MessagePort): Hello {
  const first: unknown = receiveMessageOnPort(port)?.message;
  if (isHello(first)) return first;
  const problem = 'must be a port that pool.port() made and that nobody has connected to';
  throw badOptions([{ option: 'port', problem }]);
}

function isHello(value: unknown): value is Hello {
  if (typeof value !== 'object' || value === null) return false;
  return (
    own(value, 'type') === 'hello' &&
    own(value, 'protocol') === PROTOCOL &&
    typeof own(value, 'prefix') === 'string' &&
    typeof own(value, 'threadId') === 'number' &&
    typeof own(value, 'defaults') === 'object' &&
    own(value, 'bell') instanceof SharedArrayBuffer
  );
}
