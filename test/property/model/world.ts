/**
 * The real side of the model: a pool on a manual clock, its peer, and all that was asked of it.
 *
 * Owns what it opens: `dispose` destroys the pool, ends callers and receivers, and fails when
 * anything of the pool is left (P2). The peers are there for many runs (`Scene`).
 */

import { handleTarget } from '../../../src/async-handle.ts';
import type { ErrorCode } from '../../../src/index.ts';
import { Flight } from '../../../src/pool/flight.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import type { Version } from '../../helpers/either-peer.ts';
import { settled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';
import { MORTAL } from '../../helpers/thread-pool.ts';
import { type Death, type TappedThread, ThreadTap } from '../../helpers/thread-tap.ts';
import { until } from '../../helpers/until.ts';
import { checkAtRest } from '../invariants.ts';
import { RANDOM, RESTART_WINDOW_MS, WEDGE_MS } from './expected-workers.ts';
import type { ModelOptions } from './model-options.ts';
import { type ModelPeer, modelPeer } from './peer.ts';
import { type Facts, START_MS } from './pool-state.ts';
import { RealCallers } from './real-callers.ts';
import { type RealExchange, type Seen, seen } from './real-exchange.ts';
import { UPLOAD_BUFFER_BYTES } from './spec.ts';

/** How long connections may take to close: undici closes idle ones by itself after four seconds. */
const SOCKETS_MS = 3_000;
/** Seen on a machine that had eight times more to do than it can: 12 s, for a thread to start. */
const DESTROY_MS = 30_000;
/** How long a thread that is to end may take, on the clock of the pool. */
const GRACE_MS = 256;
/** Dies of too little memory in a moment. */
const SMALL_HEAP = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

/** The peers of many runs, one after the other. */
export interface Scene extends AsyncDisposable {
  readonly peer: ModelPeer;
  /** Accepts connections and says nothing. */
  readonly deaf: ScriptedPeer;
}

export async function openScene(version: Version): Promise<Scene> {
  const peer = await modelPeer(version);
  const deaf = await scriptedPeer();
  return {
    peer,
    deaf,
    [Symbol.asyncDispose]: async () => {
      await peer[Symbol.asyncDispose]();
      await deaf.close();
    },
  };
}

/** Pools so far: the threads of each have a name of their own. */
let pools = 0;

export class World implements Facts {
  readonly clock = new ManualClock(START_MS);
  readonly pool: RequestPool;
  readonly peer: ModelPeer;
  readonly deaf: ScriptedPeer;
  readonly exchanges = new Map<string, RealExchange>();
  readonly callers: RealCallers;
  readonly closes: Seen<void>[] = [];
  /** Bytes of responses that the pool had received when it last came to rest. */
  receivedBytes = 0;
  /** Of its workers, where they are threads. */
  readonly threads: ThreadTap | undefined;
  /** Exchanges whose thread is deaf: their peer hears nothing of them until it is dead. */
  readonly #hushed = new Map<string, TappedThread>();

  constructor(options: ModelOptions, { peer, deaf }: Scene) {
    this.peer = peer;
    this.deaf = deaf;
    peer.forget();
    const { isolation, workers, maxInFlight, queueLimit, maxRestarts, admission } = options;
    const { tenants, rate, originRate, maxPerOrigin } = admission;
    pools += 1;
    const name = `model${pools}`;
    this.threads = isolation === 'thread' ? new ThreadTap(name) : undefined;
    this.pool = new RequestPool(
      {
        isolation,
        ...(isolation === 'thread'
          ? { wedgeTimeout: WEDGE_MS, thread: { name, resourceLimits: SMALL_HEAP } }
          : {}),
        workers,
        maxInFlight,
        queueLimit,
        ...{ tenants, rate, originRate, maxPerOrigin },
        maxRestarts,
        restartWindow: RESTART_WINDOW_MS,
        uploadBuffer: UPLOAD_BUFFER_BYTES,
      },
      { ...MORTAL, clock: this.clock, random: () => RANDOM },
    );
    this.callers = new RealCallers(this.pool);
  }

  real(id: string): RealExchange {
    const exchange = this.exchanges.get(id);
    if (exchange === undefined) throw new RangeError(`no exchange ${id}`);
    return exchange;
  }

  /** The record in the pool: looked at only to see that what is under way has arrived. */
  flight(id: string): Flight {
    const target = handleTarget(this.real(id).handle);
    if (!(target instanceof Flight)) throw new TypeError(`the handle of ${id} has no record`);
    return target;
  }

  /** Whether the pool finds an exchange by its `ref`, as it does while it runs. */
  isRunning(ref: string): boolean {
    try {
      return this.pool.handle(ref).ref === ref;
    } catch {
      return false;
    }
  }

  isQueued(id: string): boolean {
    return this.flight(id).isQueued;
  }

  isEnding(id: string): boolean {
    return this.flight(id).state.type === 'ending';
  }

  codeOf(id: string): ErrorCode | undefined {
    const { state } = this.flight(id);
    return state.type === 'settled' && state.outcome !== 'done' ? state.outcome : undefined;
  }

  workerOf(id: string): number | undefined {
    return this.flight(id).worker?.id;
  }

  isDown(worker: number): boolean {
    return this.pool.stats().workers[worker - 1]?.state !== 'up';
  }

  /** When something next happens by itself. */
  get nextStopMs(): number {
    // A thread that is asked whether it lives must have the time to answer.
    if (this.threads === undefined) return Number.POSITIVE_INFINITY;
    return this.clock.nextDue ?? Number.POSITIVE_INFINITY;
  }

  /** What is under way between the pool, its threads and the peer has arrived. */
  async rest(): Promise<void> {
    await settled();
    await this.threads?.echo('up');
  }

  /** A worker's thread dies, or goes deaf with those that it holds. */
  async killThread(worker: number, how: Death): Promise<void> {
    // One that has just been started is told of in the next turn.
    await settled(1);
    const thread = this.threads?.of(worker);
    if (thread === undefined) return;
    if (how === 'loop') {
      for (const id of this.exchanges.keys()) {
        if (this.workerOf(id) === worker) this.#hushed.set(id, thread);
      }
    }
    await thread.die(how);
  }

  /** Whether the peer cannot see what becomes of an exchange. */
  isHushed(id: string): boolean {
    return this.#hushed.get(id)?.isAlive === true;
  }

  /** Ends what is left, and fails when something of the pool remains. */
  async dispose(): Promise<void> {
    const destroyed = seen(this.pool.destroy());
    const isDestroyed = (): boolean => {
      // Deaf ones are given some time to end by themselves.
      if (this.hasDeafThreads) this.clock.advance(GRACE_MS);
      return destroyed.outcome !== undefined;
    };
    await until(isDestroyed, 'P1 destroy does not resolve', DESTROY_MS);
    this.threads?.[Symbol.dispose]();
    for (const { outcome } of this.closes) {
      if (outcome !== undefined && 'error' in outcome) throw outcome.error;
    }
    await settled();
    for (const exchange of this.exchanges.values()) exchange.killReceiver();
    for (const request of this.peer.requests.values()) request.readOn();
    await this.callers.dispose();
    await this.#untilNoSocket();
    checkAtRest(this.pool, this.clock);
  }

  async #untilNoSocket(): Promise<void> {
    const open = (): number => this.peer.openConnections + this.deaf.openConnections;
    await until(() => open() === 0, 'P2 sockets are left open', SOCKETS_MS);
  }

  get hasDeafThreads(): boolean {
    return this.threads !== undefined && this.threads.deaf.length > 0;
  }
}
