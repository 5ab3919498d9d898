/**
 * What a handle stands for, as the calls of a handle use it: the record of an exchange that runs
 * here (`pool/flight`), or of one that runs in another thread.
 */

import type { AsyncHandle } from '../async-handle.ts';
import type { Clock } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import type { DoneMessage, Message, PoolResponse } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { Deadlines } from './deadlines.ts';
import type { FlightEnd } from './flight-end.ts';
import type { Row } from './flight-table.ts';
import type { Mailbox } from './mailbox.ts';

/** The time that records of one table share; it also tells whose they are. */
export interface RecordHost {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

/** An exchange of which nothing is kept here but its name. */
export interface Elsewhere {
  await(patience: Patience): Promise<PoolResponse>;
  receive(timeoutMs: number): Promise<Message | undefined>;
}

/** How long somebody waits. */
export interface Patience {
  /** Milliseconds; `Infinity` waits as long as it takes. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface HandleRecord extends Row {
  readonly host: RecordHost;
  /** Who is concerned by it. */
  readonly request: Pick<ResolvedRequest, 'replyTo' | 'caller' | 'signal'>;
  /** Where its messages and its response are asked for, when they are not kept here. */
  readonly elsewhere?: Elsewhere;
  /** Its end, and who waits for it. */
  readonly end: FlightEnd;
  /** `messages` loops that are running. */
  loops: number;
  /** Kept while young, then weakly (see `pool/handles`). */
  handle: AsyncHandle | WeakRef<AsyncHandle> | undefined;
  /** Whether nobody would receive the end if the handle were gone (H8). */
  readonly isForHandle: boolean;
  /** Where its messages wait to be read; no mailbox when they go to a receiver. */
  readonly delivery: { readonly mailbox: Mailbox | undefined };
  sendBody(bytes: Uint8Array, owned: boolean): Promise<boolean>;
  finishBody(): Promise<boolean>;
  grant(bytes: number): void;
  /** Ends it with a code; for ever without effect once it has ended. */
  stop(code: ErrorCode, cause?: unknown): void;
  callerDied(): void;
  receiverDied(): void;
  /** The response for `await`; the same each time (A2). */
  responseOf(done: DoneMessage): PoolResponse;
  /** `await` waits for the body; it is read for it where nobody else reads it (A1). */
  collectBody(): void;
  stopCollecting(): void;
}

/** Whether somebody other than the caller receives: a mailbox dies with its caller. */
export function hasOwnReceiver({ replyTo, caller }: HandleRecord['request']): boolean {
  return replyTo !== undefined && (replyTo as unknown) !== (caller as unknown);
}
