/** cancel × done: whichever comes first is the end, and the other changes nothing (X1, X2, H3). */

import { expect } from 'vitest';
import type { RaceStage, Scene } from '../race.ts';
import { cancel, data, end, grant, head, serve, start } from './steps.ts';

const CANCELS = [cancel('cancel'), cancel('cancel again')];

const HELD = {
  begin: (stage: RaceStage) => void stage.launch({ stream: true, window: 2 }),
  left: [cancel()],
  right: [start(), head(), data('abcd'), end(), grant(2)],
  rest: [...serve(), grant(100)],
} as const;

function cancelIfThere(stage: RaceStage): unknown {
  if (stage.exchanges.length === 0) return false;
  return stage.exchange().cancel();
}

export const cancelDone: readonly Scene[] = [
  {
    name: 'a buffered exchange',
    begin: (stage) => void stage.launch({}),
    left: CANCELS,
    right: [start(), head(), end()],
    rest: serve(),
    judge: (trace, stage) => {
      const done = trace.before('end', 'cancel');
      expect(stage.exchange().outcome).toBe(done ? 'done' : 'ERR_CANCELLED');
    },
  },
  {
    name: 'a streamed exchange that is launched meanwhile',
    begin: () => {},
    left: [['cancel', cancelIfThere]],
    right: [['launch', (stage) => void stage.launch({ stream: true })], start(), head(), end()],
    rest: serve(),
    judge: (trace, stage) => {
      const done = trace.before('end', 'cancel') || !trace.has('cancel');
      expect(stage.exchange().outcome).toBe(done ? 'done' : 'ERR_CANCELLED');
    },
  },
  {
    ...HELD,
    name: 'a streamed exchange whose end waits behind a held chunk',
    judge: (trace, stage) => {
      // It reads on in a microtask, and finds the end there.
      const read = trace.before('end', 'cancel') && trace.settledBefore('grant 2', 'cancel');
      const granted = ['data abcd', 'end'].every((name) => trace.before(name, 'grant 2'));
      const early = trace.before('grant 2', 'data abcd') && trace.before('end', 'cancel');
      expect(stage.exchange().outcome).toBe((granted && read) || early ? 'done' : 'ERR_CANCELLED');
    },
  },
  {
    ...HELD,
    name: 'a streamed exchange whose end does not wait for the pause',
    begin: (stage) => {
      stage.polite = false;
      stage.launch({ stream: true, window: 2 });
    },
    judge: (trace, stage) => {
      const done = trace.before('end', 'cancel') && trace.before('grant 2', 'cancel');
      expect(stage.exchange().outcome).toBe(done ? 'done' : 'ERR_CANCELLED');
    },
  },
  {
    name: 'an exchange in the queue, admitted by the end of another',
    pool: { maxInFlight: 1 },
    subject: 1,
    begin: (stage) => {
      stage.launch({});
      stage.launch({});
    },
    left: [['cancel', (stage) => stage.exchange(1).cancel()]],
    right: [
      ['start other', (stage) => stage.exchange().wire?.start()],
      ['head other', (stage) => stage.exchange().wire?.head()],
      ['end other', (stage) => stage.exchange().wire?.end()],
      start(1),
      head(200, 1),
      end(1),
    ],
    rest: serve(1),
    judge: (trace, stage) => {
      expect(stage.exchange().outcome).toBe('done');
      const done = trace.before('end', 'cancel');
      expect(stage.exchange(1).outcome).toBe(done ? 'done' : 'ERR_CANCELLED');
    },
  },
];
