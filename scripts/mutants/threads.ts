/** Faults in how the threads of workers are watched. */

import type { Mutant } from './mutant.ts';

const watch = 'src/actors/start-watch.ts';
const WATCH = 'test/unit/actors/start-watch.test.ts';
const START = 'test/unit/clauses/threads-start.test.ts';

export const threads: readonly Mutant[] = [
  {
    id: 'start-watch: finds no thread that nobody waits for',
    file: watch,
    find: 'if (!this.#isOver) this.#expect(Math.max(wedgeMs, startMs));',
    replace: '',
    breaks: 'W4',
    owner: WATCH,
  },
  {
    id: 'start-watch: keeps the process alive to see a thread hang',
    file: watch,
    find: 'new Silence(clock, { ref: false })',
    replace: 'new Silence(clock)',
    breaks: 'P2',
    owner: WATCH,
  },
  {
    id: 'silence: does not hear what has come while this thread was busy',
    file: 'src/actors/silence.ts',
    find: 'else this.#looking = setImmediate(over(silent));',
    replace: 'else over(silent)();',
    breaks: 'W4',
    owner: WATCH,
  },
  {
    id: 'silence: blames a thread for the time in which the process was stopped',
    file: 'src/actors/silence.ts',
    find: 'if (clock.now() - dueMs > withinMs / 4) over(again)();',
    replace: 'if (false) over(again)();',
    breaks: 'W4',
    owner: WATCH,
  },
  {
    id: 'supervised-workers: gives each start the same time, however many were too slow',
    file: 'src/pool/supervised-workers.ts',
    find: 'slot.failedStarts = carrier.isReady ? 0 : slot.failedStarts + 1;',
    replace: '',
    breaks: 'W4',
    owner: START,
  },
  {
    id: 'thread-carrier: lets the process end under those who wait for a thread',
    file: 'src/actors/thread-carrier.ts',
    find: 'if (!this.#isOver && !this.#isStalled) this.#worker.unref();',
    replace: 'if (!this.#isOver) this.#worker.unref();',
    breaks: 'H3',
    owner: START,
  },
];
