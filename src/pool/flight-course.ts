/**
 * Where an exchange stands, and what follows from it. The lifecycle decides (a pure function, see
 * `actors/request-lifecycle`); the exchange itself (`pool/flight`) does what its effects say.
 *
 * Invariant: `apply` is the only place that assigns the state.
 */

import {
  type ExchangeEvent,
  type ExchangeState,
  initialState,
  transition,
} from '../actors/request-lifecycle.ts';
import { SUDDEN, UPLOAD_SENT } from './flight-events.ts';

export abstract class FlightCourse {
  #state: ExchangeState;

  constructor(upload: 'none' | 'buffered' | 'open') {
    this.#state = initialState(upload);
  }

  get state(): ExchangeState {
    return this.#state;
  }

  get isQueued(): boolean {
    return this.#state.type === 'queued';
  }

  get isSettled(): boolean {
    return this.#state.type === 'settled';
  }

  /** One step of its life, with all that follows from it. */
  apply(event: ExchangeEvent): void {
    if (SUDDEN.has(event.type)) this.catchUp();
    if (this.#state.upload === 'buffered' && this.#bytesLeft(event)) this.apply(UPLOAD_SENT);
    const before = this.#state;
    const { state, effects } = transition(before, event);
    if (state === before) return;
    this.#state = state;
    this.stateChanged(before);
    for (const effect of effects) {
      switch (effect) {
        case 'deliver_head':
          this.deliverHead();
          break;
        case 'mute':
          this.mute();
          break;
        case 'end_body':
          this.endBody(before);
          break;
        case 'bound_drain':
          this.boundDrain();
          break;
        case 'requeue':
          this.requeue();
          break;
        case 'abort':
          this.abort();
          break;
        case 'cut_body':
          this.cutBody();
          break;
        case 'settle':
          this.settle(before);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  /** Hears what its transfer has not reported yet. */
  protected abstract catchUp(): void;
  /** Whether all bytes that the transport writes on its own are known to have left it. */
  protected abstract get isFlushed(): boolean;
  /** Keeps the books, before any effect. */
  protected abstract stateChanged(before: ExchangeState): void;

  // The effects, each as the lifecycle describes it.
  protected abstract deliverHead(): void;
  protected abstract mute(): void;
  protected abstract endBody(before: ExchangeState): void;
  protected abstract boundDrain(): void;
  protected abstract requeue(): void;
  protected abstract abort(): void;
  protected abstract cutBody(): void;
  protected abstract settle(before: ExchangeState): void;

  /**
   * Bytes that the transport writes on its own: nobody tells when they have left. A peer that
   * answers has had them, and when the exchange fails it can be seen whether they are still there.
   */
  #bytesLeft({ type }: ExchangeEvent): boolean {
    if (this.#state.type !== 'waiting' || type === 'upload_sent') return false;
    return type === 'head_received' || this.isFlushed;
  }
}
