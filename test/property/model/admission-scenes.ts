/** Who is let in before whom, and when (clause H9): sequences that show each rule by itself. */

import { Advance } from './commands/advance.ts';
import { Answer } from './commands/answer.ts';
import { CallerDies } from './commands/caller-dies.ts';
import { Cancel } from './commands/cancel.ts';
import { Close } from './commands/close.ts';
import { KillWorker } from './commands/kill-worker.ts';
import { Pause, Resume } from './commands/pause.ts';
import { Start } from './commands/start.ts';
import type { Command } from './commands/step.ts';
import { MOST_EXCHANGES, type ModelOptions, rateOf, TURNS } from './model-options.ts';
import type { Spec } from './spec.ts';

/** A sequence, and what its pool is like besides `kind` and the scenes' own options. */
export interface Scene {
  readonly options: Partial<Omit<ModelOptions, 'version' | 'isolation'>>;
  readonly commands: readonly Command[];
}

/** The places of `TURNS.names`. */
const [PLAIN, HEAVY, LIGHT] = [0, 1, 2];

const LINE = { queueLimit: MOST_EXCHANGES };
const ROOM = { ...LINE, maxInFlight: MOST_EXCHANGES };

export function admissionScenes(get: Spec): readonly Scene[] {
  const ask = (...changes: readonly Partial<Spec>[]): readonly Command[] =>
    changes.map((change) => new Start({ ...get, ...change }));
  const of = (tenant: number): Partial<Spec> => ({ tenant });
  /** The only one that runs is answered, and then the next. */
  const answer = (times: number): readonly Command[] =>
    Array.from({ length: times }, () => new Answer(0, 200, 0));
  return [
    // By weight, whoever came first (three for one, and a half).
    {
      options: LINE,
      commands: [
        ...ask(of(PLAIN), of(LIGHT), of(LIGHT), of(PLAIN), of(HEAVY), of(HEAVY), of(HEAVY)),
        ...answer(7),
      ],
    },
    // The higher priority first, within its tenant, and one more for each second.
    {
      options: LINE,
      commands: [
        ...ask({}, {}, { priority: 3 }, { tenant: HEAVY, priority: 9 }),
        ...answer(2),
        new Advance(6),
        ...ask({ priority: 3 }, { priority: 9 }),
        ...answer(4),
      ],
    },
    // No more than the rate in any window, not even while there is room.
    {
      options: { ...ROOM, admission: { ...TURNS, rate: rateOf(2, 4) } },
      commands: [
        ...ask({}, of(HEAVY)),
        new Advance(1),
        ...ask(of(LIGHT), of(HEAVY), of(HEAVY)),
        new Advance(6),
        new Advance(6),
      ],
    },
    // The rate of a tenant holds up nobody else.
    {
      options: {
        ...ROOM,
        admission: { ...TURNS, tenants: { heavy: { weight: 3, rate: rateOf(1, 4) } } },
      },
      commands: [
        ...ask(of(HEAVY), of(HEAVY), of(LIGHT), of(HEAVY), of(PLAIN)),
        new Advance(6),
        new Cancel(0, 'call'),
        new Advance(6),
      ],
    },
    // That of an origin neither.
    {
      options: { ...ROOM, admission: { ...TURNS, names: [''], originRate: rateOf(1, 4) } },
      commands: [...ask({}, {}, { stuck: true }, { stuck: true }), new Advance(6)],
    },
    // A start on another worker counts again (W2).
    {
      options: { ...ROOM, admission: { ...TURNS, rate: rateOf(1, 4) } },
      commands: [...ask({ stuck: true }, {}), new KillWorker(0), new Advance(6), new Advance(6)],
    },
    // An origin that has all it may have holds up nobody else, and room there is for who waits.
    {
      options: { ...LINE, maxInFlight: 2, admission: { ...TURNS, names: [''], maxPerOrigin: 1 } },
      commands: [...ask({}, {}, { priority: 3 }, { stuck: true }), ...answer(3)],
    },
    // A caller dies with what it has in the queue, which takes no part of a rate (C6).
    {
      options: { ...LINE, admission: { ...TURNS, rate: rateOf(2, 9) } },
      commands: [
        ...ask({ caller: { kind: 0 } }, { caller: { known: 0 } }, of(HEAVY)),
        new CallerDies(0),
      ],
    },
    // And no turn of its tenant.
    {
      options: LINE,
      commands: [
        ...ask({ caller: { kind: 0 } }, { caller: { known: 0 }, tenant: LIGHT }),
        ...ask(of(LIGHT), of(HEAVY)),
        new CallerDies(0),
        ...answer(2),
      ],
    },
    // A paused pool starts nothing, and goes on where it was; also when it is closed (P1).
    {
      options: LINE,
      commands: [
        new Pause(),
        ...ask(of(LIGHT), of(LIGHT), of(PLAIN)),
        new Resume(),
        new Pause(),
        ...answer(1),
        new Close(undefined),
        ...answer(2),
      ],
    },
  ];
}
