/**
 * What follows from each step of an exchange's life, done: the effects that the lifecycle names
 * (`actors/request-lifecycle`), and the books that are kept beside them.
 *
 * Invariants: the terminal message is made in `settle`, which the lifecycle reaches once; by then
 * the record is out of the map, its slot is free, and it has no listener, deadline or blocked
 * sender left.
 */

import { type ExchangeState, isUploading } from '../actors/request-lifecycle.ts';
import type { ErrorCode, Phase } from '../errors.ts';
import type { TerminalMessage } from '../messages.ts';
import type { ResolvedRequest } from '../resolved-options.ts';
import type { FlightAttempt } from './flight-attempt.ts';
import type { FlightClock } from './flight-clock.ts';
import { FlightCourse } from './flight-course.ts';
import { type Ending, type FlightEnd, terminalOf } from './flight-end.ts';
import type { FlightHost } from './flight-host.ts';
import type { FlightIncoming } from './flight-incoming.ts';
import { type EndingFlight, factsOf } from './flight-outcome.ts';
import type { FlightUpload } from './flight-upload.ts';

export abstract class FlightEffects extends FlightCourse implements EndingFlight {
  abstract readonly ref: string;
  abstract readonly request: ResolvedRequest;
  abstract readonly host: FlightHost<FlightEffects>;
  /** Its end, and who waits for it. */
  abstract readonly end: FlightEnd;
  abstract readonly clock: FlightClock;
  abstract readonly upload: FlightUpload | undefined;
  abstract readonly incoming: FlightIncoming;
  /** On the worker it runs on, or ran on last. */
  attempt: FlightAttempt | undefined;
  attempts = 0;
  /** Where it failed, where that is known better than from the state. */
  protected failedIn: Phase | undefined;

  protected catchUp(): void {
    this.attempt?.transfer?.catchUp();
  }

  protected get isFlushed(): boolean {
    return this.attempt?.transfer?.flushed === true;
  }

  protected stateChanged(before: ExchangeState): void {
    if (this.upload === undefined) return;
    const change = Number(isUploading(this.state.upload)) - Number(isUploading(before.upload));
    if (change === 0) return;
    this.host.countUploads(change);
    this.attempt?.countUploads(change);
  }

  protected deliverHead(): void {
    this.incoming.announce();
  }

  protected mute(): void {
    this.incoming.mute();
  }

  protected endBody(before: ExchangeState): void {
    if (before.upload === 'open' && this.state.upload === 'abandoned') this.upload?.abandon();
  }

  protected boundDrain(): void {
    this.clock.boundDrain();
  }

  protected requeue(): void {
    const { attempt } = this;
    attempt?.abort();
    this.attempt = undefined;
    attempt?.leave();
    attempt?.countUploads(-Number(isUploading(this.state.upload)));
    this.host.requeue(this);
  }

  protected abort(): void {
    this.attempt?.abort();
  }

  protected cutBody(): void {
    this.upload?.cut();
  }

  /**
   * The end, in an order that lets nobody see half of it: first the message is made, which can
   * fail; then the record leaves the map and its slot, so that whoever hears of the end finds it
   * over; then those who wait on the exchange are released; then the one message goes out; and last
   * others may have the slot, because admitting them runs their code. From the map on every step
   * is taken, whatever one before it throws: nobody waits for what has left the map.
   */
  protected settle(before: ExchangeState): void {
    const { state, incoming } = this;
    if (state.type !== 'settled') return;
    const phase = this.failedIn;
    const ending: Ending = { before, state, phase, incoming: incoming.response };
    const terminal = terminalOf(factsOf(this), ending);
    this.attempt?.leave();
    try {
      this.host.remove(this, terminal.type === 'done' ? 'done' : terminal.error.code);
      this.clock.over();
      this.cutBody();
      if (DISCARDING.has(state.outcome)) incoming.discard();
    } finally {
      this.#tell(terminal);
    }
  }

  #tell(terminal: TerminalMessage): void {
    try {
      this.end.come(terminal, this.incoming);
    } finally {
      this.incoming.response.drop();
      this.host.settled(this);
    }
  }
}

/** Whoever ends an exchange for its caller wants no more of it; what the world breaks off may still
 * be read as far as it came (X1). */
const DISCARDING: ReadonlySet<'done' | ErrorCode> = new Set(['ERR_CANCELLED', 'ERR_CALLER_DIED']);
