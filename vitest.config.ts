import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Threads and processes load what others have compiled: a thread is up in half the time. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

/**
 * Clauses that are tested a second time, with workers in threads: those of ends, flow, uploads,
 * deaths and times, where a thread could make a difference (W5).
 *
 * Not here: what is decided before a worker is asked; what a `dispatcher` of the test's own does,
 * which is a function and stays in this thread; what looks at this thread's memory or at its own
 * clock; and the clauses of threads themselves, which say what their workers are.
 */
const TWICE = [
  'after-close',
  'await',
  'caller-death-*',
  'cancel*',
  'drain',
  'errors-connect',
  'errors-http1',
  'errors-http2',
  'errors-own',
  'errors-timeouts',
  'flow-end',
  'flow-http1',
  'flow-http2',
  'flow-lost-http2',
  'mailbox',
  'message-order',
  'metrics',
  'min-throughput',
  'min-throughput-upload',
  'one-end',
  'one-end-http2',
  'pool-life',
  'queue-timeouts',
  'receiver-death',
  'receivers',
  'restart-intensity',
  'signal',
  'stats',
  'timeouts',
  'timeouts-real',
  'upload-abort-session',
  'upload-backpressure',
  'upload-chunks',
  'upload-early-response',
  'upload-finish',
  'upload-length',
  'upload-refused',
  'upload-reused-memory',
  'worker-death',
].map((clauses) => `test/unit/clauses/${clauses}.test.ts`);

/**
 * Tests of one unit. They, and what is tested twice, have no process of their own, which takes half a
 * second to start; tests that look at a process as a whole have.
 */
const UNITS = ['test/unit/actors/**/*.test.ts', 'test/unit/pool/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--expose-gc'],
    env: { NODE_COMPILE_CACHE },
    projects: [
      {
        extends: true,
        test: { name: 'all', include: ['test/**/*.test.ts'], exclude: [...UNITS, ...TWICE] },
      },
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
      { extends: true, test: { name: 'inline', include: TWICE, isolate: false } },
      {
        extends: true,
        test: {
          name: 'threads',
          include: TWICE,
          setupFiles: ['test/helpers/thread-default.ts'],
          isolate: false,
        },
      },
    ],
  },
});
