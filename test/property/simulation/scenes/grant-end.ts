/** grant × end: credit is never exceeded, and the end loses no byte (F1, F2, F3). */

import { expect } from 'vitest';
import type { RaceStage, Scene, Trace } from '../race.ts';
import { data, end, grant, head, reset, start } from './steps.ts';

function bytesOf(stage: RaceStage): string {
  const chunks = stage.exchange().messages.map((one) => (one.type === 'data' ? one.chunk : ''));
  return chunks.map((chunk) => Buffer.from(chunk).toString()).join('');
}

function whole(_trace: Trace, stage: RaceStage): void {
  expect(stage.exchange().outcome).toBe('done');
  expect(bytesOf(stage)).toBe('abcdefgh');
}

const begin =
  (polite: boolean, onMessage: (stage: RaceStage) => void = () => {}) =>
  (stage: RaceStage): void => {
    stage.polite = polite;
    const driven = stage.launch({ stream: true, window: 2 });
    driven.onMessage = (message) => {
      if (message.type === 'data') onMessage(stage);
    };
    setImmediate(() => {
      start()[1](stage);
      head()[1](stage);
    });
  };

const race = {
  left: [grant(1), grant(3), grant(2)],
  right: [data('abcd'), data('efgh'), end()],
  rest: [grant(100)],
} as const;

const few = [grant(1), grant(3)] as const;

export const grantEnd: readonly Scene[] = [
  { ...race, name: 'on a transport that stops for a pause', begin: begin(true), judge: whole },
  { ...race, name: 'on one that does not', begin: begin(false), left: few, judge: whole },
  {
    ...race,
    name: 'with grants from within the delivery',
    begin: begin(false, (stage) => stage.exchange().grant(1)),
    left: few,
    judge: whole,
  },
  {
    ...race,
    name: 'with a mailbox that is read',
    begin: (stage) => {
      stage.launch({ stream: true, window: 2 }, true);
      setImmediate(() => {
        start()[1](stage);
        head()[1](stage);
      });
    },
    left: [1, 2].map(
      (count) => [`read ${count}`, (stage: RaceStage) => stage.exchange().read()] as const,
    ),
    rest: Array.from(
      { length: 12 },
      (_, count) => [`read on ${count}`, (stage: RaceStage) => stage.exchange().read(0)] as const,
    ),
    judge: whole,
  },
  {
    ...race,
    name: 'an end that is a reset',
    begin: begin(false),
    left: few,
    right: [data('abcd'), data('efgh'), reset()],
    judge: (_trace, stage) => {
      expect(stage.exchange().outcome).toBe('ERR_TRUNCATED');
      expect('abcdefgh'.startsWith(bytesOf(stage))).toBe(true);
    },
  },
];
