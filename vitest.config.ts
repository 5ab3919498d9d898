import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Threads and processes load what others have compiled: a thread is up in half the time. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('node_modules/.cache/node', import.meta.url));

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--expose-gc'],
    env: { NODE_COMPILE_CACHE },
  },
});
