/**
 * One exchange of a simulation: its caller, its peer, the pool's answers, and what the model
 * expects of it. When one of them moves is the world's choice.
 */

import { AssertionError } from 'node:assert';
import type { Message, Pool } from '../../../src/index.ts';
import { checkMessages } from '../invariants.ts';
import { Driven } from './driven.ts';
import { Expectation } from './expectation.ts';
import { type Case, judge } from './judgement.ts';
import type { Plan } from './plan.ts';
import { requestOf } from './request-of.ts';
import { SimulatedCaller } from './simulated-caller.ts';
import { SimulatedPeer } from './simulated-peer.ts';
import { SimulatedReceiver } from './simulated-receiver.ts';
import type { Starts } from './starts.ts';
import { turn } from './turn.ts';
import type { Wire, WireEvent } from './wire.ts';

/** Of a mailbox, where none is asked for (F1). */
const WINDOW_BYTES = 1024 * 1024;

/** What an exchange shares with others. */
export interface Surroundings {
  readonly now: () => number;
  readonly starts: Starts;
  readonly caller: AbortController;
  readonly signal: AbortController;
}

export class Subject implements Case {
  readonly plan: Plan;
  readonly driven: Driven;
  readonly expectation: Expectation;
  readonly caller: AbortController | undefined;
  readonly signal: AbortController | undefined;
  /** Bytes of the response that the pool has been given. */
  receivedBytes = 0;
  readonly #peer: SimulatedPeer;
  readonly #receiver: SimulatedReceiver;
  readonly #starts: Starts;
  readonly #asker: SimulatedCaller;

  constructor(pool: Pool, plan: Plan, surroundings: Surroundings) {
    const { now, caller, signal, starts } = surroundings;
    this.#starts = starts;
    this.plan = plan;
    this.caller = plan.hasCaller ? caller : undefined;
    this.signal = plan.hasSignal ? signal : undefined;
    this.expectation = new Expectation(plan, now);
    this.#peer = new SimulatedPeer(plan, this.expectation);
    this.#receiver = new SimulatedReceiver(plan.receiver);
    this.driven = new Driven(pool, {
      id: plan.id,
      origin: plan.origin,
      request: requestOf(plan, { caller: this.caller?.signal, signal: this.signal?.signal }),
      mailbox: !this.hasReceiver,
      receiver: this.#receiver.replyTo,
    });
    this.#asker = new SimulatedCaller(plan, this.driven, this.expectation);
    this.driven.onMessage = (message) => this.#delivered(message);
  }

  /** Whether messages go elsewhere than to the mailbox. */
  get hasReceiver(): boolean {
    return this.#receiver.isSeparate;
  }

  /** How it has to end, once that is decided. */
  get outcome(): string | undefined {
    return this.expectation.outcome;
  }

  get status(): number {
    return this.#peer.status;
  }

  /** Whether no worker has it; told for certain only when no microtask is left. */
  get isQueued(): boolean {
    return this.driven.wire === undefined;
  }

  /** Whether the pool still runs it. */
  get isRunning(): boolean {
    return this.driven.isRunning;
  }

  /** Bytes that wait for credit. */
  get heldBytes(): number {
    const { driven, expectation, plan } = this;
    if (!driven.stream || plan.receiver === 'await') return 0;
    if (expectation.audience !== 'listening') return 0;
    if (this.hasReceiver) return this.receivedBytes - driven.deliveredBytes;
    const window = plan.request.window ?? WINDOW_BYTES;
    return Math.max(0, this.receivedBytes - window - driven.granted);
  }

  launch(): void {
    this.driven.launch();
    if (this.plan.receiver === 'await') void this.driven.await();
    if (this.plan.patienceMs !== undefined) void this.driven.await(this.plan.patienceMs);
  }

  /** It was given to a worker. */
  dispatched(wire: Wire): void {
    this.#starts.started(this.plan.id, this.plan.origin);
    this.driven.wire = wire;
    this.#peer.begin();
    wire.polite = this.plan.fault !== 'rude';
    this.expectation.times.dispatched();
    wire.onEvent = (event) => this.#happened(event);
  }

  /** Its worker died. */
  workerDied(): void {
    this.expectation.workerDied();
    if (this.outcome === undefined && !this.expectation.started) this.driven.wire = undefined;
  }

  /** Somebody moves; what they did, `undefined` where there is nothing they can do. */
  act(who: 'peer' | 'caller' | 'cancel' | 'receiver_death'): string | undefined {
    if (who === 'peer') return this.#peer.step(this.driven.wire);
    if (who === 'caller') return this.#asker.step();
    if (who === 'cancel') {
      this.expectation.stopped('ERR_CANCELLED');
      if (this.plan.receiver === 'loop' && this.driven.iterates) this.driven.leave();
      else this.driven.cancel();
      return 'cancel';
    }
    if (!this.#receiver.isMortal) return undefined;
    this.expectation.receiverDied();
    this.#receiver.die();
    return 'receiver_death';
  }

  /** What must hold once microtasks have run; `running` as long as the pool has it. */
  check(running: boolean): void {
    const { driven, expectation } = this;
    checkMessages(driven);
    if (expectation.ending && this.heldBytes === 0) expectation.heldDelivered();
    if (!running) return;
    const over = expectation.outcome ?? expectation.stopDue;
    if (over !== undefined) this.#broken(`H3 it runs on after ${over}`);
    const overdue = expectation.times.overdue(expectation);
    if (overdue !== undefined) this.#broken(`T2 ${overdue} is overdue`);
    const { wire } = driven;
    if (wire === undefined || !wire.started || wire.over) return;
    if (!wire.paused && expectation.throughput.isTooSlow) this.#broken('T4 its peer is too slow');
    const held = this.heldBytes;
    if (wire.paused !== held > 0) this.#broken(`F2 paused ${wire.paused}, held ${held} bytes`);
  }

  /** Reads what is left of its messages and judges its end. */
  async judge(): Promise<string> {
    const { driven } = this;
    for (let reads = 0; driven.mailbox && driven.end === undefined && reads < 1_000; reads += 1) {
      driven.read(0);
      await turn();
    }
    if (this.#receiver.observers > 0) this.#broken('C1 a listener is left');
    return judge(this);
  }

  #happened(event: WireEvent): void {
    const { expectation } = this;
    switch (event.type) {
      case 'started':
        expectation.hasStarted();
        break;
      case 'taken':
        expectation.times.moved();
        expectation.throughput.maySend();
        break;
      case 'whole':
        expectation.uploaded();
        break;
      case 'head':
        expectation.headReceived();
        this.#starts.answered(this.plan.origin, this.#peer.status, this.#peer.retryAfterMs);
        break;
      case 'resumed':
        expectation.throughput.begin();
        break;
      case 'data': {
        this.receivedBytes += event.bytes;
        const limit = this.plan.request.maxResponseBytes ?? Number.POSITIVE_INFINITY;
        expectation.received(event.bytes, this.receivedBytes > limit);
        break;
      }
      case 'end':
        expectation.responseEnded(this.heldBytes > 0);
        break;
      default:
        event satisfies never;
    }
  }

  /** Called within each delivery, or when the mailbox was read. */
  #delivered(message: Message): void {
    const { driven, expectation, plan } = this;
    if (message.type === 'data' && this.hasReceiver) {
      // Some grant from within the delivery, which may bring the next chunk.
      if (plan.reads && plan.id % 3 === 0 && this.#asker.grants) driven.grant(message.chunk.length);
      if (this.heldBytes === 0) expectation.heldDelivered();
    }
    if (plan.receiver === 'thrower') throw new Error('the receiver is broken');
  }

  #broken(problem: string): never {
    throw new AssertionError({ message: `${this.driven.label}: ${problem}` });
  }
}
