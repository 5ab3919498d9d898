/** The events in the life of an exchange that carry nothing, made once; and which come suddenly. */

import type { ExchangeEvent } from '../actors/request-lifecycle.ts';

export const ADMITTED: ExchangeEvent = { type: 'admitted' };
export const STARTED: ExchangeEvent = { type: 'started' };
export const HEAD_RECEIVED: ExchangeEvent = { type: 'head_received' };
export const ENDED: ExchangeEvent = { type: 'response_ended', held: false };
export const ENDED_WHILE_HELD: ExchangeEvent = { type: 'response_ended', held: true };
export const HELD_DELIVERED: ExchangeEvent = { type: 'held_delivered' };
export const UPLOAD_FINISHED: ExchangeEvent = { type: 'upload_finished' };
export const UPLOAD_SENT: ExchangeEvent = { type: 'upload_sent' };
/** One that was not started moves, as from a worker that has died. */
export const WORKER_HALTED: ExchangeEvent = { type: 'worker_died', cause: undefined };
export const RECEIVER_DIED: ExchangeEvent = { type: 'receiver_died' };

/** What strikes an exchange without a report of its transfer before it. */
export const SUDDEN: ReadonlySet<ExchangeEvent['type']> = new Set([
  'caller_died',
  'worker_died',
  'failed',
  'stopped',
]);
