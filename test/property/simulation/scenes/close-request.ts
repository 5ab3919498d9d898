/** close × request: what was asked before it ends in peace, what comes after is refused (P1). */

import { expect } from 'vitest';
import { RequestError } from '../../../../src/index.ts';
import type { RaceStage, Scene, Step, Trace } from '../race.ts';
import { advance, end, head, serve, start } from './steps.ts';

/** Asks for an exchange; not effective where the pool refuses it. */
function ask(name: string): Step {
  return [
    name,
    (stage) => {
      const index = stage.exchanges.length;
      try {
        stage.launch({});
      } catch (error) {
        const code = error instanceof RequestError ? error.code : String(error);
        stage.refusals.push(code);
        return stage.exchanges.length > index ? false : undefined;
      }
      return true;
    },
  ];
}

const close: Step = ['close', (stage) => stage.closes(stage.pool.close())];
const closeSoon: Step = ['close', (stage) => stage.closes(stage.pool.close({ timeout: 50 }))];
const destroy: Step = ['destroy', (stage) => stage.closes(stage.pool.destroy('enough'))];

/** Both requests by whether they came before the step that ends admission. */
function judge(last: string, code: string): (trace: Trace, stage: RaceStage) => void {
  return (trace, stage) => {
    const admitted = ['ask', 'ask again'].filter((name) => trace.before(name, last)).length;
    expect(stage.exchanges.filter(({ handle }) => handle !== undefined)).toHaveLength(admitted);
    expect(stage.refusals).toEqual(Array(2 - admitted).fill(code));
    expect(stage.closed, 'every close resolves').toBe(stage.closing);
  };
}

const race = {
  begin: () => {},
  left: [close],
  right: [ask('ask'), start(), head(), end(), ask('ask again')],
  rest: [...serve(), ...serve(1), advance(1_000, 'grace')],
} as const;

function outcomes(stage: RaceStage): readonly (string | undefined)[] {
  return stage.exchanges.filter(({ handle }) => handle !== undefined).map((one) => one.outcome);
}

export const closeRequest: readonly Scene[] = [
  {
    ...race,
    name: 'close',
    judge: (trace, stage) => {
      judge('close', 'ERR_POOL_CLOSED')(trace, stage);
      for (const outcome of outcomes(stage)) expect(outcome).toBe('done');
    },
  },
  {
    ...race,
    name: 'close twice',
    left: [close, ['close again', close[1]]],
    right: [ask('ask'), ask('ask again')],
    judge: (trace, stage) => {
      judge('close', 'ERR_POOL_CLOSED')(trace, stage);
      for (const outcome of outcomes(stage)) expect(outcome).toBe('done');
    },
  },
  {
    ...race,
    name: 'close of a pool whose only worker is full',
    pool: { maxInFlight: 1 },
    right: [ask('ask'), ask('ask again'), start(), end()],
    judge: (trace, stage) => {
      judge('close', 'ERR_POOL_CLOSED')(trace, stage);
      for (const outcome of outcomes(stage)) expect(outcome).toBe('done');
    },
  },
  {
    ...race,
    name: 'destroy',
    left: [destroy],
    judge: (trace, stage) => {
      judge('destroy', 'ERR_POOL_DESTROYED')(trace, stage);
      const done = trace.before('end', 'destroy');
      expect(outcomes(stage)[0]).toBe(
        trace.before('destroy', 'ask') ? undefined : done ? 'done' : 'ERR_POOL_DESTROYED',
      );
    },
  },
  {
    ...race,
    name: 'close, and destroy before all has ended',
    left: [close, destroy],
    right: [ask('ask'), start(), head(), end()],
    judge: (trace, stage) => {
      const admitted = trace.before('ask', 'close');
      const done = trace.before('end', 'destroy');
      const expected = done ? 'done' : 'ERR_POOL_DESTROYED';
      expect(outcomes(stage)).toEqual(admitted ? [expected] : []);
      expect(stage.closed).toBe(2);
    },
  },
  {
    ...race,
    name: 'close with a timeout',
    left: [closeSoon, advance(50)],
    right: [ask('ask'), start(), head(), end()],
    judge: (trace, stage) => {
      const admitted = trace.before('ask', 'close');
      const done = trace.before('end', 'time');
      const expected = done ? 'done' : 'ERR_POOL_DESTROYED';
      expect(outcomes(stage)).toEqual(admitted ? [expected] : []);
      expect(stage.closed).toBe(1);
    },
  },
];
