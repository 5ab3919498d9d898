/**
 * Two short sequences of steps in every order they can occur in: all interleavings, and between
 * any two steps either nothing at all or all microtasks.
 *
 * Each interleaving has a pool of its own on a clock and a transport that the steps move. After
 * every step the invariants hold; then the scene is played to its end, where every exchange has one
 * terminal message, as the scene says, and nothing is left.
 */

import type { PoolOptions } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { checkAtRest, checkEnded, checkSoFar } from '../invariants.ts';
import { Driven, type DrivenOptions } from './driven.ts';
import { SimulatedDispatcher } from './transport.ts';
import { turn } from './turn.ts';

/** Returns `false` where it could not happen at this point: then it is left out of the trace. */
export type Step = readonly [name: string, run: (stage: RaceStage) => unknown];

export interface Scene {
  readonly name: string;
  readonly pool?: PoolOptions;
  /** The exchange whose outcomes are counted, by default the first. */
  readonly subject?: number;
  /** Brings the stage to where the race begins. */
  begin(stage: RaceStage): void | Promise<void>;
  readonly left: readonly Step[];
  readonly right: readonly Step[];
  /** What the world does after the race, so that everything can end. */
  readonly rest: readonly Step[];
  /** The outcome that this order of steps must have, `|` where microtasks ran; throws otherwise. */
  judge(trace: Trace, stage: RaceStage): void;
}

/** The steps that happened, in their order. */
export class Trace {
  readonly names: string[] = [];

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** Whether the first happened, and the second not before it. */
  before(first: string, second: string): boolean {
    const at = this.names.indexOf(first);
    const other = this.names.indexOf(second);
    return at >= 0 && (other < 0 || at < other);
  }

  /** The same, with microtasks run in between. */
  settledBefore(first: string, second: string): boolean {
    if (!this.before(first, second)) return false;
    const other = this.names.indexOf(second);
    const between = this.names.slice(this.names.indexOf(first), other < 0 ? undefined : other);
    return between.includes('|');
  }
}

export class RaceStage {
  readonly clock = new ManualClock(1_000);
  readonly pool: RequestPool;
  readonly exchanges: Driven[] = [];
  readonly dispatchers: SimulatedDispatcher[] = [];
  /** Its abort is the death of whoever has it as caller. */
  readonly caller = new AbortController();
  /** Whether the transport obeys a pause. */
  polite = true;
  /** Codes of the requests that were refused at the call. */
  readonly refusals: string[] = [];
  /** How often the pool was asked to end, and how many of those promises have resolved. */
  closing = 0;
  closed = 0;

  constructor(options: PoolOptions = {}) {
    const dispatcher = ({ id }: { readonly id: number }): SimulatedDispatcher => {
      const made = new SimulatedDispatcher(id, (wire) => {
        const exchange = this.exchanges[Number(wire.options.path.slice(1))];
        if (exchange === undefined) return;
        wire.polite = this.polite;
        exchange.wire = wire;
      });
      this.dispatchers.push(made);
      return made;
    };
    const seams = { clock: this.clock, random: () => 0.5 };
    this.pool = new RequestPool({ workers: 1, dispatcher, ...options }, seams);
  }

  /** A new exchange, launched. */
  launch(request: DrivenOptions['request'], mailbox = false): Driven {
    const driven = new Driven(this.pool, { id: this.exchanges.length, request, mailbox });
    this.exchanges.push(driven);
    driven.launch();
    return driven;
  }

  closes(closing: Promise<void>): void {
    this.closing += 1;
    void closing.then(() => {
      this.closed += 1;
    });
  }

  /** The exchange a scene is about: the first, or the one of this number. */
  exchange(index = 0): Driven {
    const driven = this.exchanges[index];
    if (driven === undefined) throw new RangeError(`no exchange ${index} on the stage`);
    return driven;
  }

  check(): void {
    for (const driven of this.exchanges) checkSoFar(driven);
    const { queued, inFlight } = this.pool.stats();
    const running = this.exchanges.filter(({ end, handle }) => handle && end === undefined).length;
    // What waits in a mailbox has ended for the pool and not yet for the reader.
    if (queued + inFlight > running) throw new Error(`S2 ${queued} + ${inFlight} of ${running}`);
  }
}

export interface Explored {
  readonly interleavings: number;
  /** How often each outcome of the scene's exchange was seen. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Plays every interleaving of a scene. */
export async function explore(scene: Scene): Promise<Explored> {
  const seen = new Set<string>();
  const outcomes: Record<string, number> = {};
  for (const order of interleavings(scene.left, scene.right)) {
    for (let gaps = 0; gaps < 2 ** order.length; gaps += 1) {
      seen.add(order.map(([name], at) => (gaps & (1 << at) ? `${name} |` : name)).join(' '));
      const outcome = await play(scene, order, gaps);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  }
  return { interleavings: seen.size, outcomes };
}

/** How many interleavings a scene has: each order, with or without microtasks after each step. */
export function countOf({ left, right }: Scene): number {
  const length = left.length + right.length;
  let orders = 1;
  for (let taken = 1; taken <= left.length; taken += 1) {
    orders = (orders * (length - left.length + taken)) / taken;
  }
  return orders * 2 ** length;
}

function* interleavings(left: readonly Step[], right: readonly Step[]): Generator<Step[]> {
  const [first, ...restOfLeft] = left;
  const [second, ...restOfRight] = right;
  if (first === undefined || second === undefined) {
    yield [...left, ...right];
    return;
  }
  for (const order of interleavings(restOfLeft, right)) yield [first, ...order];
  for (const order of interleavings(left, restOfRight)) yield [second, ...order];
}

async function play(scene: Scene, order: readonly Step[], gaps: number): Promise<string> {
  const stage = new RaceStage(scene.pool);
  const trace = new Trace();
  const take = ([name, run]: Step): void => {
    if (run(stage) !== false) trace.names.push(name);
    stage.check();
  };
  const settle = async (): Promise<void> => {
    await turn();
    trace.names.push('|');
    stage.check();
  };
  try {
    await scene.begin(stage);
    await turn();
    for (const [at, step] of order.entries()) {
      take(step);
      if (gaps & (1 << at)) await settle();
    }
    await settle();
    for (const step of scene.rest) {
      take(step);
      await settle();
    }
    for (const driven of stage.exchanges) if (driven.handle !== undefined) checkEnded(driven);
    scene.judge(trace, stage);
    await stage.pool.destroy();
    checkAtRest(stage.pool, stage.clock);
  } catch (error) {
    await stage.pool.destroy();
    throw new Error(`${scene.name}: ${trace.names.join(' ')}`, { cause: error });
  }
  return stage.exchanges[scene.subject ?? 0]?.outcome ?? 'refused';
}
