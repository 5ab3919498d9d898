/** caller death × finishBody: who ended the upload, and whether the peer saw it whole (C2, C6, U9). */

import { expect } from 'vitest';
import type { RequestOptions } from '../../../../src/index.ts';
import type { RaceStage, Scene, Step, Trace } from '../race.ts';
import { turn } from '../turn.ts';
import { end, finish, head, send, serve, start, take } from './steps.ts';

const die: Step = ['die', (stage) => stage.caller.abort(new Error('left'))];

type Begin = (stage: RaceStage) => Promise<void>;

function upload(options: RequestOptions, ...steps: readonly Step[]): Begin {
  return async (stage) => {
    stage.launch({ method: 'POST', streamBody: true, caller: stage.caller.signal, ...options });
    await turn();
    for (const [, run] of steps) {
      run(stage);
      await turn();
    }
  };
}

/** What was taken before the death arrives; the caller's own finish counts if it was handed over. */
function judgeFinished(trace: Trace, stage: RaceStage): void {
  const { outcome, end: message, upload: ledger } = stage.exchange();
  const finished = trace.settledBefore('finish', 'die');
  expect(outcome).toBe(finished ? 'done' : 'ERR_CALLER_DIED');
  expect(message?.upload?.endedBy).toBe(finished ? 'caller' : 'caller_death');
  expect(ledger?.arrivedWhole, 'the peer sees the end of the body').toBe(true);
  const taken = trace.before('send ab', 'die') && trace.before('send ab', 'finish') ? 'ab' : '';
  expect(Buffer.concat(ledger?.arrived ?? []).toString()).toBe(taken);
}

function judgeCut(trace: Trace, stage: RaceStage): void {
  const { outcome, upload: ledger } = stage.exchange();
  const finished = trace.settledBefore('finish', 'die');
  expect(outcome).toBe(finished ? 'done' : 'ERR_CALLER_DIED');
  expect(ledger?.arrivedWhole, 'the peer sees an end only of what was finished').toBe(finished);
}

function judgeUnsent(_trace: Trace, stage: RaceStage): void {
  expect(stage.exchange(1).outcome).toBe('ERR_CALLER_DIED');
  expect(stage.exchange(1).wire).toBeUndefined();
}

const race = {
  left: [die],
  right: [send('ab'), finish(), finish('finish again')],
  rest: serve(),
} as const;

export const deathFinish: readonly Scene[] = [
  { ...race, name: 'the peer reads', begin: upload({}, start(), take()), judge: judgeFinished },
  {
    ...race,
    name: 'the response has begun',
    begin: upload({ stream: true }, start(), take(), head()),
    judge: judgeFinished,
  },
  {
    ...race,
    name: 'with a declared length',
    begin: upload({ headers: { 'content-length': '2' } }, start(), take()),
    right: [send('ab'), finish()],
    judge: (trace, stage) => {
      // Short of its length it can only be cut; then the finish, too, is a broken one.
      const sent = trace.before('send ab', 'finish') && trace.before('send ab', 'die');
      if (sent) judgeFinished(trace, stage);
      else if (trace.before('die', 'finish')) judgeCut(trace, stage);
      else expect(stage.exchange().outcome).toBe('ERR_BODY_LENGTH');
    },
  },
  {
    ...race,
    name: 'that cancels',
    begin: upload({ onCallerDeath: 'cancel' }, start(), take()),
    judge: judgeCut,
  },
  {
    ...race,
    name: 'the peer answers meanwhile',
    begin: upload({}, start(), take()),
    right: [send('ab'), finish(), head(), end()],
    judge: (trace, stage) => {
      const handedOver = trace.settledBefore('finish', 'die');
      const done = trace.before('end', 'die') || handedOver;
      expect(stage.exchange().outcome).toBe(done ? 'done' : 'ERR_CALLER_DIED');
    },
  },
  {
    ...race,
    name: 'the peer does not read yet',
    begin: upload({}, start()),
    judge: (_trace, stage) => {
      expect(stage.exchange().end?.upload?.endedBy).not.toBe('failure');
      expect(stage.exchange().upload?.arrivedWhole).toBe(true);
    },
  },
  {
    ...race,
    name: 'not on a connection yet',
    begin: upload({}),
    judge: (_trace, stage) => {
      expect(stage.exchange().end?.upload?.endedBy).not.toBe('failure');
      expect(stage.exchange().upload?.arrivedWhole).toBe(true);
    },
  },
  {
    name: 'in the queue',
    pool: { maxInFlight: 1 },
    subject: 1,
    begin: async (stage) => {
      stage.launch({});
      await upload({})(stage);
    },
    left: [die],
    right: [
      ['send', (stage) => void stage.exchange(1).send(Buffer.from('ab'))],
      ['finish', (stage) => stage.exchange(1).finish()],
    ],
    rest: serve(),
    judge: judgeUnsent,
  },
];
