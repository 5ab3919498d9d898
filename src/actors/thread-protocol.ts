/**
 * What passes between the pool and a worker in a thread: commands down, reports up, each a tuple of
 * plain data, which costs a structured clone a third of what an object with names does. A whole
 * body, a chunk and data come with bytes (`actors/port-outbox`).
 *
 * Exchanges are named by ids that are never used again. Commands and reports for an exchange that
 * is over on the other side are ignored there.
 */

import type { ConnectTimes } from './carrier.ts';
import type { PlainFailure } from './plain-failure.ts';
import type { BlockCommand } from './shared-blocks.ts';
import type { LentPiece } from './shared-offers.ts';

/** In the order in which they can first occur. */
export type ThreadCommand =
  /** The marks of the exchanges dispatched from now on (see `actors/shared-marks`). */
  | readonly ['marks', page: SharedArrayBuffer]
  | readonly ['dispatch', id: number, request: PostedRequest, creditBytes: number]
  /** A part of the body that comes along, or lies in a block (`actors/shared-blocks`); the end. */
  | readonly ['chunk', id: number]
  | readonly ['lent', id: number, piece: LentPiece]
  /** There is one in shared memory (`actors/shared-offers`), for a thread that has found none. */
  | readonly ['offered', id: number]
  | readonly ['finish', id: number]
  /** So many more bytes of the response may be posted; below zero, so many fewer. */
  | readonly ['grant', id: number, bytes: number]
  | readonly ['abort', id: number]
  | BlockCommand
  /** Answer, to show that the thread is alive. */
  | readonly ['ping']
  /** Close the connections, in order or at once, and end. */
  | readonly ['end', peacefully: boolean];

export type PostedRequest = readonly [
  method: string,
  origin: string,
  path: string,
  headers: readonly string[],
  body: 'none' | 'whole' | 'parts',
];

/** In the order in which they can first occur. */
export type ThreadReport =
  /** The thread is up. */
  | readonly ['ready']
  /** A connection to this origin. */
  | readonly ['opened', origin: string]
  /** `drains` where the mark will tell how much of the body the system has taken. */
  | readonly [
      'started',
      id: number,
      reused: boolean | undefined,
      times: ConnectTimes | undefined,
      drains: boolean,
    ]
  | readonly ['hinted', id: number]
  /** `headers` only where they are not those of `raw` with their names in lower case. */
  | readonly ['head', id: number, status: number, raw: string, headers: string | undefined]
  | readonly ['data', id: number]
  | readonly ['ended', id: number, trailers: string]
  /** Head, data and end at once, of a response that came in one read. */
  | readonly [
      'whole',
      id: number,
      status: number,
      raw: string,
      headers: string | undefined,
      trailers: string,
    ]
  | readonly ['failed', id: number, failure: PlainFailure]
  /** More of the body, and then its end, has gone to the transport; the mark says how much. */
  | readonly ['passed', id: number]
  | readonly ['sent', id: number]
  | readonly ['closed', origin: string]
  | readonly ['pong'];

export type ReportOf<Type extends ThreadReport[0]> = Extract<
  ThreadReport,
  readonly [Type, ...unknown[]]
>;

/**
 * Bytes of responses that may be on their way between the threads: what all of a worker share, and
 * what one has in any case. A stream that is alone needs more than the least, or both threads spend
 * their time with falling asleep and waking up.
 */
export const SHARED_CREDIT_BYTES = 4 * 1024 * 1024;
export const LEAST_CREDIT_BYTES = 256 * 1024;
