/** worker death × sendBody: what had begun dies with it, what had not moves on unseen (W1, W2, U3). */

import { expect } from 'vitest';
import type { RaceStage, Scene, Step, Trace } from '../race.ts';
import { turn } from '../turn.ts';
import { advance, end, finish, head, send, serve, start, take } from './steps.ts';

/** Longer than the first restart may take (W3). */
const RESTART_MS = 100;

const kill: Step = ['kill', (stage) => stage.pool.killWorker(1)];
const fault: Step = [
  'fault',
  (stage) => {
    // The next dispatch finds the dispatcher broken.
    const dispatcher = stage.dispatchers[0];
    if (dispatcher !== undefined) dispatcher.fault = new TypeError('broken');
    stage.launch({});
  },
];

function upload(...steps: readonly Step[]): (stage: RaceStage) => Promise<void> {
  return async (stage) => {
    stage.launch({ method: 'POST', streamBody: true, uploadBuffer: 2 });
    await turn();
    for (const [, run] of steps) {
      run(stage);
      await turn();
    }
  };
}

const race = {
  left: [kill, advance(RESTART_MS, 'restart')],
  right: [send('ab'), send('cd'), finish()],
  rest: [advance(RESTART_MS, 'later'), ...serve()],
} as const;

function judgeDead(trace: Trace, stage: RaceStage): void {
  const { outcome, upload: ledger, end: message } = stage.exchange();
  expect(outcome).toBe('ERR_WORKER_DIED');
  expect(message?.type === 'error' && message.error.sent !== undefined).toBe(true);
  const finished = trace.settledBefore('finish', 'kill');
  if (!finished) expect(ledger?.arrivedWhole).toBe(false);
}

function judgeMoved(_trace: Trace, stage: RaceStage): void {
  const { outcome, end: message } = stage.exchange();
  expect(outcome).toBe('done');
  expect(message?.metrics.attempts).toBe(2);
  expect(message?.upload).toMatchObject({ complete: true });
}

export const workerSend: readonly Scene[] = [
  { ...race, name: 'not on a connection yet', begin: upload(), judge: judgeMoved },
  { ...race, name: 'the peer does not read', begin: upload(start()), judge: judgeDead },
  { ...race, name: 'the peer reads', begin: upload(start(), take()), judge: judgeDead },
  {
    ...race,
    name: 'the response has begun',
    begin: upload(start(), take(), head()),
    judge: judgeDead,
  },
  {
    ...race,
    name: 'the response ends meanwhile',
    begin: upload(start(), take(), head()),
    left: [kill],
    right: [send('ab'), finish(), end()],
    judge: (trace, stage) => {
      const done = trace.before('end', 'kill');
      expect(stage.exchange().outcome).toBe(done ? 'done' : 'ERR_WORKER_DIED');
    },
  },
  {
    ...race,
    name: 'the peer starts meanwhile',
    begin: upload(),
    left: [kill],
    right: [send('ab'), start(), finish()],
    judge: (trace, stage) => {
      const dead = trace.before('start', 'kill');
      expect(stage.exchange().outcome).toBe(dead ? 'ERR_WORKER_DIED' : 'done');
    },
  },
  {
    ...race,
    name: 'a fault of its dispatcher',
    begin: upload(start(), take()),
    left: [fault, advance(RESTART_MS, 'restart')],
    rest: [...race.rest, ...serve(1)],
    judge: (_trace, stage) => {
      expect(stage.exchange().outcome).toBe('ERR_WORKER_DIED');
      expect(stage.exchange(1).outcome).toBe('ERR_WORKER_DIED');
    },
  },
];
