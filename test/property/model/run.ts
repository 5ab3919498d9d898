/** Runs sequences of commands against the model and the pool; see `commands` and `settle`. */

import fc from 'fast-check';
import { checkExchanges } from './check-ends.ts';
import type { Command } from './commands/step.ts';
import { commands } from './commands.ts';
import { type ModelKind, type ModelOptions, modelOptions } from './model-options.ts';
import { PoolModel } from './pool-model.ts';
import { readOut } from './read-out.ts';
import { scenes } from './scenes.ts';
import { settle } from './settle.ts';
import { openScene, type Scene, World } from './world.ts';

export interface ModelRun {
  readonly seed: number;
  readonly numRuns: number;
  /** No sequence is begun after this, but for the scenes. */
  readonly limitMs: number;
  /** Whether the scenes are gone through first. */
  readonly scenes: boolean;
  /** Of a failure that is looked into: both are printed with it. */
  readonly path?: string;
  readonly replayPath?: string;
}

/** How often what was reached. */
export interface ModelReport {
  sequences: number;
  readonly commands: Record<string, number>;
  readonly ends: Record<string, number>;
}

/** Throws with seed, path and the shortest sequence that still fails. */
export async function runModel(kind: ModelKind, run: ModelRun): Promise<ModelReport> {
  await using scene = await openScene(kind.version);
  const report: ModelReport = { sequences: 0, commands: {}, ends: {} };
  const untilMs = performance.now() + run.limitMs;
  let hasFailed = false;
  // The examples count in a path, so a replay has them, too.
  const examples = run.scenes ? scenes(kind) : [];
  const property = fc.asyncProperty(
    modelOptions(kind),
    commands(kind.isolation, run.replayPath),
    async (options, sequence) => {
      // Not fast-check's own limit, which drops the sequence that is running, and with it a hang.
      const isLate = performance.now() > untilMs && report.sequences >= examples.length;
      if (!hasFailed && isLate) return;
      try {
        count(report, await runSequence(options, sequence, scene));
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    },
  );
  const { seed, numRuns, path } = run;
  await fc.assert(property, {
    seed,
    numRuns,
    examples,
    ...(path === undefined ? {} : { path }),
  });
  return report;
}

async function runSequence(
  options: ModelOptions,
  sequence: Iterable<Command>,
  scene: Scene,
): Promise<PoolModel> {
  const world = new World(options, scene);
  const model = new PoolModel(options);
  model.learnFrom(world);
  try {
    await fc.asyncModelRun(() => ({ model, real: world }), sequence);
    model.learn();
    void world.pool.destroy('over');
    model.endAll('destroyed', 'ERR_POOL_DESTROYED');
    await settle(model, world);
    await readOut(model, world);
    checkExchanges(model, world);
  } finally {
    await world.dispose();
  }
  return model;
}

function count(report: ModelReport, { steps, exchanges }: PoolModel): void {
  report.sequences += 1;
  for (const name of steps) report.commands[name] = (report.commands[name] ?? 0) + 1;
  for (const { outcome = 'none' } of exchanges) {
    report.ends[outcome] = (report.ends[outcome] ?? 0) + 1;
  }
}
