/**
 * Run before a file of tests: in it the workers of a pool are threads, where it does not say what
 * they are.
 *
 * None of them is found to be silent, as no thread can answer on a clock that leaps.
 */

import { vi } from 'vitest';

vi.mock(import('../../src/pool/request-pool.ts'), async (importOriginal) => {
  const { RequestPool } = await importOriginal();
  const { MORTAL } = await import('./thread-pool.ts');
  const threads = { isolation: 'thread', wedgeTimeout: Number.POSITIVE_INFINITY } as const;
  class ThreadPool extends RequestPool {
    constructor(...[options, seams]: ConstructorParameters<typeof RequestPool>) {
      const isOpen = options?.isolation === undefined && options?.dispatcher === undefined;
      if (isOpen) super({ ...threads, ...options }, { ...MORTAL, ...seams });
      else super(options, seams);
    }
  }
  return { RequestPool: ThreadPool, createPool: (options) => new ThreadPool(options) };
});
