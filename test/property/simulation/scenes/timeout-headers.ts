/** timeout × headers: each timeout ends exactly the phase it is for, in whatever order (T1, T2). */

import { expect } from 'vitest';
import type { Scene } from '../race.ts';
import { advance, data, end, head, serve, start } from './steps.ts';

const LIMIT_MS = 100;
/** Resolution of the pool's timeouts. */
const TICK_MS = 8;

const race = {
  left: [advance(LIMIT_MS - 1, 'nearly'), advance(1 + TICK_MS, 'time')],
  right: [start(), head(), end()],
  rest: serve(),
} as const;

export const timeoutHeaders: readonly Scene[] = [
  {
    ...race,
    name: 'connectTimeout',
    begin: (stage) => void stage.launch({ connectTimeout: LIMIT_MS }),
    judge: (trace, stage) => {
      const late = !trace.before('start', 'time');
      expect(stage.exchange().outcome).toBe(late ? 'ERR_CONNECT_TIMEOUT' : 'done');
    },
  },
  {
    ...race,
    name: 'headersTimeout',
    begin: (stage) => void stage.launch({ stream: true, headersTimeout: LIMIT_MS }),
    judge: (trace, stage) => {
      // It begins with the start: only one that saw all of the time pass is late.
      const late = trace.before('start', 'nearly') && !trace.before('head', 'time');
      expect(stage.exchange().outcome).toBe(late ? 'ERR_HEADERS_TIMEOUT' : 'done');
    },
  },
  {
    ...race,
    name: 'idleTimeout',
    begin: (stage) => void stage.launch({ stream: true, idleTimeout: LIMIT_MS }),
    right: [start(), head(), data('ab'), end()],
    judge: (trace, stage) => {
      const moved = ['start', 'head', 'data ab', 'end'].some(
        (name) => trace.before('nearly', name) && trace.before(name, 'time'),
      );
      const late = !moved && !trace.before('end', 'time');
      expect(stage.exchange().outcome).toBe(late ? 'ERR_IDLE_TIMEOUT' : 'done');
    },
  },
  {
    ...race,
    name: 'timeout',
    begin: (stage) => void stage.launch({ timeout: LIMIT_MS }),
    judge: (trace, stage) => {
      const late = !trace.before('end', 'time');
      expect(stage.exchange().outcome).toBe(late ? 'ERR_TIMEOUT' : 'done');
    },
  },
  {
    name: 'queueTimeout against admission',
    pool: { maxInFlight: 1 },
    subject: 1,
    begin: (stage) => {
      stage.launch({});
      stage.launch({ queueTimeout: LIMIT_MS });
    },
    left: race.left,
    right: [
      ['start other', (stage) => stage.exchange().wire?.start()],
      ['head other', (stage) => stage.exchange().wire?.head()],
      ['end other', (stage) => stage.exchange().wire?.end()],
    ],
    rest: [...serve(), ...serve(1)],
    judge: (trace, stage) => {
      const late = !trace.before('end other', 'time');
      expect(stage.exchange(1).outcome).toBe(late ? 'ERR_ADMISSION_TIMEOUT' : 'done');
    },
  },
];
