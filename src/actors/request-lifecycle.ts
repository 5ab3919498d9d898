/**
 * The life of one request as a pure function: `(state, event) → { state, effects }`.
 *
 * All who need to know where a request stands share this function; only `pool/flight` keeps its
 * result. It decides, it does not act: the effects name what the keeper has to do, in their order.
 *
 *     queued → connecting → waiting → receiving → [ ending ] → settled
 *
 * Beside the response runs the upload, a state of its own, because a server may answer before the
 * upload is over, and an audience, because the caller may be gone before either is.
 *
 * Invariants (held by `test/property/request-lifecycle.property.test.ts`):
 *  1. `settled` absorbs: every later event returns the same state and no effect (H3).
 *  2. Into `settled` leads exactly one step, and that step alone has the effect `settle`.
 *  3. A settled upload is over: `none` or one of the `ended_by_*`.
 *  4. `deliver_head` happens at most once, and never for an audience that is gone.
 *  5. An upload that was cut is never `ended_by_caller`, and an outcome `done` is only for an
 *     audience that listens.
 *  6. Whatever had a transport (`connecting` to `receiving`) and settles before its response has
 *     ended aborts that transport.
 *  7. An upload that is cut while it has a transport aborts that transport in the same step, and
 *     then, or in settling, drops the rest of its body.
 *  8. An unfinished upload that waits in the queue ends with its caller, unsent (C6).
 */

import type { ErrorCode } from '../errors.ts';

/** What has become of the request body. */
export type Upload =
  | 'none'
  /** Bytes that the transport writes on its own once it starts, not known to have left. */
  | 'buffered'
  /** The caller may send more. */
  | 'open'
  /** The caller has finished; accepted bytes are still on their way. */
  | 'finishing'
  /** Finished for a dead caller; accepted bytes are still on their way. */
  | 'abandoned'
  | 'ended_by_caller'
  | 'ended_by_death'
  | 'ended_by_response'
  | 'ended_by_failure';

/** Who the response is for: `orphaned` when the caller died, `deaf` when only the receiver did. */
export type Audience = 'listening' | 'orphaned' | 'deaf';

interface Live {
  readonly upload: Upload;
  readonly audience: Audience;
}

export type ExchangeState =
  /** Waits for admission. */
  | (Live & { readonly type: 'queued' })
  /** Handed to a dispatcher, not yet on a connection. */
  | (Live & { readonly type: 'connecting' })
  /** On a connection, no response headers yet. */
  | (Live & { readonly type: 'waiting' })
  /** The response body flows. */
  | (Live & { readonly type: 'receiving' })
  /** The response is complete, its last chunk is held for want of credit (F3). */
  | (Live & { readonly type: 'ending' })
  | {
      readonly type: 'settled';
      readonly outcome: 'done' | ErrorCode;
      readonly upload: Upload;
      readonly cause: unknown;
    };

/** In the order in which they can first occur. */
export type ExchangeEvent =
  | { readonly type: 'admitted' }
  | { readonly type: 'started' }
  | { readonly type: 'upload_finished' }
  | { readonly type: 'upload_sent' }
  | { readonly type: 'head_received' }
  /** `held`: a chunk waits for credit. */
  | { readonly type: 'response_ended'; readonly held: boolean }
  | { readonly type: 'held_delivered' }
  /** `finishable`: the upload may be ended for the caller; `heard`: somebody else receives. */
  | { readonly type: 'caller_died'; readonly finishable: boolean; readonly heard: boolean }
  | { readonly type: 'receiver_died' }
  | { readonly type: 'worker_died'; readonly cause: unknown }
  /** The world failed: the transport, a deadline, a length. */
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly cause: unknown }
  /** Somebody ended it: cancel, overload, close of the pool. */
  | { readonly type: 'stopped'; readonly code: ErrorCode; readonly cause: unknown };

export type Effect =
  /** Tell the receiver status and headers. */
  | 'deliver_head'
  /** Deliver nothing more, drop what is held, let the transport run on. */
  | 'mute'
  /** End the request body after what was accepted. */
  | 'end_body'
  /** Limit how long and how much of a response nobody wants is still read. */
  | 'bound_drain'
  /** Back to admission, unseen. */
  | 'requeue'
  /** Abort the transfer so that the peer sees it. */
  | 'abort'
  /** Drop the rest of the request body, release its senders. */
  | 'cut_body'
  /** Free the slot, release senders, deliver the terminal message. */
  | 'settle';

export interface Step {
  readonly state: ExchangeState;
  readonly effects: readonly Effect[];
}

const NONE: readonly Effect[] = [];
const DELIVER_HEAD: readonly Effect[] = ['deliver_head'];
const END_BODY: readonly Effect[] = ['end_body'];
const FINISH_FOR_DEAD: readonly Effect[] = ['mute', 'end_body', 'bound_drain'];
const MUTE: readonly Effect[] = ['mute'];
const BOUND_DRAIN: readonly Effect[] = ['bound_drain'];
const REQUEUE: readonly Effect[] = ['requeue'];
const ABORT_AND_CUT: readonly Effect[] = ['abort', 'cut_body'];
const SETTLE: readonly Effect[] = ['settle'];
const ABORT_AND_SETTLE: readonly Effect[] = ['abort', 'settle'];

/** The state of a request that was just accepted. */
export function initialState(upload: 'none' | 'buffered' | 'open'): ExchangeState {
  return { type: 'queued', upload, audience: 'listening' };
}

/** One step. An event that means nothing in this state changes nothing. */
export function transition(state: ExchangeState, event: ExchangeEvent): Step {
  if (state.type === 'settled') return { state, effects: NONE };
  switch (event.type) {
    case 'admitted':
      return state.type === 'queued' ? move(state, 'connecting', NONE) : stay(state);
    case 'started':
      if (state.type !== 'connecting') return stay(state);
      return move(state, 'waiting', NONE);
    case 'upload_finished':
      if (state.upload !== 'open') return stay(state);
      return { state: { ...state, upload: 'finishing' }, effects: END_BODY };
    case 'upload_sent':
      return uploadSent(state);
    case 'head_received':
      if (state.type !== 'waiting' && state.type !== 'connecting') return stay(state);
      return move(state, 'receiving', state.audience === 'listening' ? DELIVER_HEAD : NONE);
    case 'response_ended':
      return responseEnded(state, event.held);
    case 'held_delivered':
      return state.type === 'ending' ? settle(state, 'done', 'response', undefined) : stay(state);
    case 'caller_died':
      return callerDied(state, event.finishable, event.heard);
    case 'receiver_died':
      return receiverDied(state);
    case 'worker_died':
      if (state.type === 'queued' || state.type === 'ending') return stay(state);
      if (state.type === 'connecting') return move(state, 'queued', REQUEUE);
      return settle(state, 'ERR_WORKER_DIED', 'failure', event.cause);
    case 'failed':
      return settle(state, failureCode(state, event.code), 'failure', event.cause);
    case 'stopped': {
      const ending = event.code === 'ERR_CALLER_DIED' ? 'death' : 'failure';
      return settle(state, event.code, ending, event.cause);
    }
    default:
      return unreachable(event);
  }
}

/** Whether the caller's part of an upload, or the finish made for it, is still under way. */
export function isUploading(upload: Upload): boolean {
  return upload === 'open' || upload === 'finishing' || upload === 'abandoned';
}

function stay(state: ExchangeState): Step {
  return { state, effects: NONE };
}

type LiveState = Exclude<ExchangeState, { type: 'settled' }>;

function move(state: LiveState, type: LiveState['type'], effects: readonly Effect[]): Step {
  return { state: { type, upload: state.upload, audience: state.audience }, effects };
}

function uploadSent(state: LiveState): Step {
  if (state.upload === 'buffered' && state.type !== 'queued' && state.type !== 'connecting') {
    return { state: { ...state, upload: 'ended_by_caller' }, effects: NONE };
  }
  if (state.upload === 'finishing') {
    const effects = state.audience === 'deaf' ? BOUND_DRAIN : NONE;
    return { state: { ...state, upload: 'ended_by_caller' }, effects };
  }
  if (state.upload === 'abandoned') {
    return { state: { ...state, upload: 'ended_by_death' }, effects: NONE };
  }
  return stay(state);
}

function responseEnded(state: LiveState, held: boolean): Step {
  if (state.type === 'queued' || state.type === 'ending') return stay(state);
  if (state.audience === 'listening' && held) {
    const upload = endUpload(state.upload, 'response');
    // An upload that the response overtook is still being written: that has to stop as well (U7).
    const effects = upload === state.upload ? NONE : ABORT_AND_CUT;
    return { state: { type: 'ending', upload, audience: 'listening' }, effects };
  }
  const outcome = state.audience === 'listening' ? 'done' : failureCode(state, 'ERR_CANCELLED');
  return settle(state, outcome, 'response', undefined);
}

function callerDied(state: LiveState, finishable: boolean, heard: boolean): Step {
  if (state.audience === 'orphaned') return stay(state);
  const unfinished = state.upload === 'open' || state.upload === 'finishing';
  if (!unfinished && heard) return stay(state);
  if (!unfinished || !finishable || state.type === 'queued' || state.type === 'ending') {
    return settle(state, 'ERR_CALLER_DIED', 'death', undefined);
  }
  return {
    state: { type: state.type, upload: 'abandoned', audience: 'orphaned' },
    effects: FINISH_FOR_DEAD,
  };
}

function receiverDied(state: LiveState): Step {
  if (state.audience !== 'listening') return stay(state);
  if (state.upload !== 'open' && state.upload !== 'finishing') {
    return settle(state, 'ERR_CANCELLED', 'failure', undefined);
  }
  if (state.type === 'ending') return settle(state, 'ERR_CANCELLED', 'failure', undefined);
  return { state: { ...state, audience: 'deaf' }, effects: MUTE };
}

/** An exchange whose audience is gone ends for that reason, whatever the world does to it (C6). */
function failureCode(state: LiveState, code: ErrorCode): ErrorCode {
  if (state.audience === 'orphaned') return 'ERR_CALLER_DIED';
  return state.audience === 'deaf' ? 'ERR_CANCELLED' : code;
}

type Ending = 'response' | 'death' | 'failure';

function settle(
  state: LiveState,
  outcome: 'done' | ErrorCode,
  ending: Ending,
  cause: unknown,
): Step {
  const upload = endUpload(state.upload, ending);
  const overOnTheWire = ending === 'response' || state.type === 'queued' || state.type === 'ending';
  const cut = state.type !== 'queued' && state.upload !== upload;
  return {
    state: { type: 'settled', outcome, upload, cause },
    effects: overOnTheWire && !cut ? SETTLE : ABORT_AND_SETTLE,
  };
}

function endUpload(upload: Upload, ending: Ending): Upload {
  switch (upload) {
    case 'buffered':
    case 'open':
    case 'finishing':
      return ending === 'death' ? 'ended_by_death' : `ended_by_${ending}`;
    case 'abandoned':
      return 'ended_by_death';
    default:
      return upload;
  }
}

function unreachable(event: never): never {
  throw new TypeError(`unknown event ${JSON.stringify(event)}`);
}
