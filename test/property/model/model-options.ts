/**
 * What a pool of the model is like: its workers, and one of the ways in which it admits.
 *
 * Where a rate is not that of the whole pool there is room for all: whose gate opens in the instant
 * in which somebody else's slot is free the contract leaves open, and only with too little room
 * would it matter. For the same reason only one tenant asks where origins are limited.
 */

import fc from 'fast-check';
import type { RateLimit } from '../../../src/options.ts';
import type { Claim } from '../../../src/pool/waiting-line.ts';
import type { Version } from '../../helpers/either-peer.ts';
import type { Isolation } from '../../helpers/thread-pool.ts';
import { type Spec, UNIT_MS } from './spec.ts';

/** What decides who starts, and when, besides room (clause H9). */
export interface AdmissionOptions {
  /** Those who ask. */
  readonly names: readonly string[];
  /** Those of them that are not like all. */
  readonly tenants: Readonly<Record<string, { weight?: number; rate?: RateLimit | undefined }>>;
  readonly rate: RateLimit | undefined;
  readonly originRate: RateLimit | undefined;
  readonly maxPerOrigin: number;
}

export interface ModelOptions {
  readonly version: Version;
  readonly isolation: Isolation;
  readonly workers: number;
  readonly maxInFlight: number;
  readonly queueLimit: number;
  readonly maxRestarts: number;
  readonly admission: AdmissionOptions;
}

/** What all pools of a run have in common. */
export type ModelKind = Pick<ModelOptions, 'version' | 'isolation'>;

/** Requests of a sequence, and so the room that is enough for all. */
export const MOST_EXCHANGES = 8;
/** Of the intervals of rates, so that no gate opens when anything else is due (see `UNIT_MS`). */
const RATE_REMAINDER_MS = 40;

const INFINITE = Number.POSITIVE_INFINITY;
const WEIGHTS = { heavy: { weight: 3 }, light: { weight: 0.5 } } as const;
const TENANTS = ['', 'heavy', 'light'] as const;

/** Tenants take turns by weight, and nothing else decides. */
export const TURNS: AdmissionOptions = {
  names: TENANTS,
  tenants: WEIGHTS,
  rate: undefined,
  originRate: undefined,
  maxPerOrigin: INFINITE,
};

/** At most `limit` starts in a little more than `units`. */
export function rateOf(limit: number, units: number): RateLimit {
  return { limit, interval: units * UNIT_MS + RATE_REMAINDER_MS };
}

const rate: fc.Arbitrary<RateLimit> = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, 4, 9))
  .map(([limit, units]) => rateOf(limit, units));

type Admitting = Pick<ModelOptions, 'workers' | 'maxInFlight' | 'admission'>;

const workers = fc.integer({ min: 1, max: 2 });
const little = fc.integer({ min: 1, max: 3 });
const enough = fc.constant(MOST_EXCHANGES);

/** Weights and priorities, and perhaps a rate for all. */
const turns: fc.Arbitrary<Admitting> = fc.record({
  workers,
  maxInFlight: little,
  admission: fc
    .option(rate, { nil: undefined, freq: 3 })
    .map((ofPool) => ({ ...TURNS, rate: ofPool })),
});

const tenantRates: fc.Arbitrary<Admitting> = fc.record({
  workers,
  maxInFlight: enough,
  admission: fc.tuple(rate, rate).map(([heavy, light]) => ({
    ...TURNS,
    tenants: { heavy: { ...WEIGHTS.heavy, rate: heavy }, light: { ...WEIGHTS.light, rate: light } },
  })),
});

const perOrigin: fc.Arbitrary<Admitting> = fc
  .record({ workers, maxInFlight: little, most: fc.integer({ min: 1, max: 2 }) })
  .map(({ most, ...room }) => ({
    ...room,
    admission: {
      ...TURNS,
      names: [''],
      maxPerOrigin: Math.min(most, room.workers * room.maxInFlight),
    },
  }));

const originRates: fc.Arbitrary<Admitting> = fc.record({
  workers,
  maxInFlight: enough,
  admission: fc.tuple(rate, fc.constantFrom(2, INFINITE)).map(([originRate, maxPerOrigin]) => ({
    ...TURNS,
    ...{ names: [''], originRate, maxPerOrigin },
  })),
});

export const modelOptions = (kind: ModelKind): fc.Arbitrary<ModelOptions> =>
  fc
    .record({
      admitting: fc.oneof(
        { weight: 6, arbitrary: turns },
        { weight: 1, arbitrary: tenantRates },
        { weight: 1, arbitrary: perOrigin },
        { weight: 1, arbitrary: originRates },
      ),
      queueLimit: fc.constantFrom(0, 1, 3, MOST_EXCHANGES),
      maxRestarts: fc.constantFrom(1, 5),
    })
    .map(({ admitting, ...rest }) => ({ ...kind, ...admitting, ...rest }));

/** Whose request it is, and where it goes. */
export function claimOf(spec: Spec, { admission }: ModelOptions, nowMs: number): Claim {
  const tenant = admission.names[spec.tenant % admission.names.length] ?? '';
  return { tenant, origin: spec.stuck ? 'deaf' : 'peer', priority: spec.priority, nowMs };
}
