/** reset × early response: a response that was whole counts, senders are released either way (U7, U9). */

import { expect } from 'vitest';
import type { RequestOptions } from '../../../../src/index.ts';
import type { RaceStage, Scene, Step, Trace } from '../race.ts';
import { turn } from '../turn.ts';
import { data, end, finish, head, reset, send, start, take } from './steps.ts';

function upload(
  options: RequestOptions,
  ...steps: readonly Step[]
): (stage: RaceStage) => Promise<void> {
  return async (stage) => {
    stage.launch({ method: 'POST', streamBody: true, uploadBuffer: 2, ...options });
    await turn();
    for (const [, run] of steps) {
      run(stage);
      await turn();
    }
  };
}

function judge(trace: Trace, stage: RaceStage, started = true): void {
  const { outcome, end: message } = stage.exchange();
  if (trace.before('end', 'reset')) {
    expect(outcome).toBe('done');
    expect(['response', 'caller']).toContain(message?.upload?.endedBy);
    return;
  }
  const code = trace.before('head', 'reset') ? 'ERR_TRUNCATED' : 'ERR_SOCKET';
  expect(outcome).toBe(started ? code : 'ERR_CONNECT');
  expect(['failure', 'caller']).toContain(message?.upload?.endedBy);
}

const early = [head(413), data('no'), end()] as const;
const race = { left: [reset()], right: early, rest: [reset()] } as const;

export const resetResponse: readonly Scene[] = [
  {
    ...race,
    name: 'before anything was sent',
    begin: upload({}, start()),
    judge: (trace, stage) => {
      judge(trace, stage);
      expect(stage.exchange().end?.upload?.bytesSent).toBe(0);
    },
  },
  {
    ...race,
    name: 'with senders that wait for room',
    begin: upload({ stream: true }, start(), send('abcd'), send('efgh'), send('ijkl')),
    judge: (trace, stage) => {
      judge(trace, stage);
      expect(stage.exchange().upload?.sent.map(({ answer }) => answer)).toContain(false);
    },
  },
  {
    ...race,
    name: 'while the caller sends',
    begin: upload({}, start(), take()),
    left: [send('ab'), send('cd'), finish()],
    right: [head(413), end(), reset()],
    judge: (trace, stage) => {
      judge(trace, stage);
      const { end: message } = stage.exchange();
      const whole = trace.settledBefore('finish', 'end') && trace.before('finish', 'end');
      expect(message?.upload?.endedBy).toBe(whole ? 'caller' : 'response');
    },
  },
  {
    ...race,
    name: 'after the upload',
    begin: upload({}, start(), take(), send('ab'), finish()),
    judge: (trace, stage) => {
      judge(trace, stage);
      expect(stage.exchange().end?.upload).toMatchObject({ complete: true, endedBy: 'caller' });
    },
  },
  {
    ...race,
    name: 'before it has a connection',
    begin: upload({}, finish()),
    right: [start(), ...early],
    judge: (trace, stage) => {
      const started = trace.before('start', 'reset');
      judge(trace, stage, started);
      // Nothing has reached a peer that was never there.
      if (!started) expect(stage.exchange().end?.upload?.complete).toBe(false);
    },
  },
];
