/**
 * The storm of the real network: what requests are like, how the server behaves, who dies when. It
 * knows nothing of the pool that has to stand it.
 */

import type { Random } from '../../test/property/simulation/random.ts';

/** What the server does with a request. */
export type Behaviour =
  | 'well'
  | 'early'
  | 'echo'
  | 'trickle'
  | 'slow'
  | 'reset_before'
  | 'reset_inside'
  | 'truncate'
  | 'stall_before'
  | 'stall_inside'
  | 'leave'
  | 'destroy';

/** What the server saw of a request body. */
export interface Report {
  readonly id: number;
  /** Whether it came to its proper end. */
  readonly whole: boolean;
  readonly bytes: number;
  /** Whether every byte was the right one. */
  readonly intact: boolean;
}

export interface Ports {
  readonly http1: number;
  readonly http2: number;
}

/** How the caller ends an exchange before it is over. */
export type Departure = 'none' | 'cancel' | 'caller_death' | 'signal';

export interface RealPlan {
  readonly id: number;
  readonly protocol: 'http1' | 'http2' | 'refused';
  readonly behaviour: Behaviour;
  /** Of the response. */
  readonly bytes: number;
  readonly body: 'none' | 'bytes' | 'upload';
  /** Sizes of the chunks of an upload, or of the one body. */
  readonly sends: readonly number[];
  readonly finishes: boolean;
  readonly stream: boolean;
  readonly receiver: 'function' | 'loop' | 'await';
  readonly window: number | undefined;
  readonly onCallerDeath: 'finish' | 'cancel';
  readonly departure: Departure;
  readonly departsAfterMs: number;
}

const WEIGHTS: Readonly<Record<Behaviour, number>> = {
  well: 40,
  early: 8,
  echo: 8,
  trickle: 4,
  slow: 4,
  reset_before: 5,
  reset_inside: 5,
  truncate: 3,
  stall_before: 1,
  stall_inside: 1,
  leave: 3,
  destroy: 1,
};

const LONGEST_RESPONSE = 400_000;
const LONGEST_CHUNK = 60_000;

export function drawRealPlan(id: number, random: Random): RealPlan {
  const body = random.weighted({ none: 4, bytes: 2, upload: 4 });
  const behaviour = random.weighted(WEIGHTS);
  const stream = random.chance(0.6);
  const chunks = body === 'bytes' ? 1 : random.below(7);
  return {
    id,
    protocol: random.weighted({ http1: 10, http2: 10, refused: 1 }),
    behaviour,
    bytes: random.size(LONGEST_RESPONSE),
    body,
    sends: body === 'none' ? [] : Array.from({ length: chunks }, () => random.size(LONGEST_CHUNK)),
    finishes: !random.chance(0.05),
    stream,
    receiver: random.pick(stream ? ['function', 'loop', 'await'] : ['function', 'await']),
    window: stream && random.chance(0.5) ? random.size(100_000) : undefined,
    onCallerDeath: random.chance(0.3) ? 'cancel' : 'finish',
    departure: random.weighted({ none: 80, cancel: 8, caller_death: 8, signal: 4 }),
    departsAfterMs: random.size(200),
  };
}
