/**
 * The real pool as a state machine (clause H3 and all that hangs on it): random sequences of what
 * callers, receivers, peers, workers and the clock can do, on a real loopback server whose every
 * step is commanded, against a model that predicts messages, answers and bytes. Workers are inline,
 * or threads, which changes nothing (W5).
 *
 * One seed is fixed, one is fresh and printed. A failure prints seed, path and replay path: put
 * them into `REPLAY` to run that one sequence alone.
 */

import { describe, expect, test } from 'vitest';
import { VERSIONS } from '../helpers/either-peer.ts';
import { collectUnhandled, expectNoLeaks, settled, snapshotResources } from '../helpers/leaks.ts';
import { ISOLATIONS, type Isolation } from '../helpers/thread-pool.ts';
import { type ModelRun, runModel } from './model/run.ts';

const FIXED_SEED = 20_261_121;
const FRESH_SEED = Math.floor(Math.random() * 2 ** 31);
/** Seed, path and replay path of a failure; its run is done alone. */
const REPLAY: Partial<ModelRun> = {};

/** A pool of threads takes as long to begin as ten sequences do inline. */
const EXTENT: Readonly<Record<Isolation, Pick<ModelRun, 'numRuns' | 'limitMs'>>> = {
  inline: { numRuns: 300, limitMs: 8_000 },
  thread: { numRuns: 60, limitMs: 7_000 },
};

const KINDS = ISOLATIONS.flatMap((isolation) =>
  VERSIONS.map((version) => ({ isolation, version })),
);

describe.each(KINDS)('a pool, workers $isolation, over HTTP/$version', (kind) => {
  test.each([
    ['a fixed seed', FIXED_SEED],
    ['a fresh seed', FRESH_SEED],
  ])('H3 does what the model says, from %s', { timeout: 120_000 }, async (_which, seed) => {
    const name = `pool model, ${kind.isolation}, HTTP/${kind.version}`;
    console.info(`${name}: seed ${seed}`);
    const before = snapshotResources();
    using unhandled = collectUnhandled();
    using _quiet = unprinted('warning');
    // Of those of threads, once is enough.
    const scenes = kind.isolation === 'inline' || seed === FIXED_SEED;
    const report = await runModel(kind, { seed, scenes, ...EXTENT[kind.isolation], ...REPLAY });
    console.info(`${name}:`, report);
    await settled();
    expect(unhandled.rejections).toEqual([]);
    expect(unhandled.exceptions).toEqual([]);
    const codes = new Set(unhandled.warnings.map((warning) => Reflect.get(warning, 'code')));
    expect([...codes].filter((code) => code !== 'SPOOL_RECEIVER_THREW')).toEqual([]);
    await expectNoLeaks(before);
  });
});

/** Receivers that throw are warned of, a hundred times over. */
function unprinted(event: 'warning'): Disposable {
  const printer = process.rawListeners(event)[0];
  if (printer === undefined) return { [Symbol.dispose]: () => {} };
  // `rawListeners` are functions; node types them as `Function`, which `off` does not take.
  const listener = printer as (warning: Error) => void;
  process.off(event, listener);
  return { [Symbol.dispose]: () => void process.prependListener(event, listener) };
}
