/**
 * A copy of the sources and tests in a temporary folder, and what is done to it: one fault at a
 * time, the tests that own it, and the source as it was again.
 *
 * Invariant: the repository itself is only read. A fault whose text is not there exactly once fails
 * the run, so that the table cannot rot unseen.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';
import type { Killer, Outcome } from './report.ts';

/** A fault may also make its test hang; that is noticed, too. */
const PATIENCE_MS = 120_000;

/** Counterexamples are shrunk for people; here the first failure is enough. */
const CONFIG = `import { defineConfig } from 'vitest/config';
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['no-shrinking.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    pool: 'forks',
    execArgv: ['--expose-gc'],
  },
});
`;
const SETUP = `import fc from 'fast-check';
fc.configureGlobal({ endOnFailure: true, includeErrorInReport: true });
`;

interface TestRun {
  readonly passed: boolean;
  readonly firstFailure: string;
  readonly message: string;
}

export class Bench {
  readonly #root: string;
  readonly #copy: string;
  readonly #memory: string;
  readonly #remembered: Record<string, Killer>;

  constructor(root: string) {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 12);
    this.#root = root;
    this.#copy = join(tmpdir(), `spool-mutants-${name}`);
    this.#memory = join(tmpdir(), `spool-mutants-${name}.json`);
    this.#remembered = existsSync(this.#memory)
      ? (JSON.parse(readFileSync(this.#memory, 'utf8')) as Record<string, Killer>)
      : {};
    this.#makeCopy();
  }

  /** Every fault has its place. */
  checkTexts(mutants: readonly Mutant[]): void {
    const wrong = mutants.filter(({ file, find }) => this.#count(file, find) !== 1);
    if (wrong.length === 0) return;
    const list = wrong.map(({ id, file, find }) => `${id}: ${this.#count(file, find)} in ${file}`);
    throw new Error(`texts that are not there exactly once:\n${list.join('\n')}`);
  }

  /** A test that fails without a fault proves nothing. */
  checkOwners(owners: ReadonlySet<string>): void {
    const { passed, firstFailure, message } = this.#test([...owners]);
    if (!passed) throw new Error(`fails without any fault: ${firstFailure}\n${message}`);
  }

  run(mutant: Mutant): Outcome {
    const key = this.#keyOf(mutant);
    const known = this.#remembered[key];
    if (known !== undefined) return { mutant, verdict: 'killed', killedBy: known };
    const path = join(this.#copy, mutant.file);
    const source = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      source.replace(mutant.find, () => mutant.replace),
    );
    try {
      const { passed, firstFailure, message } = this.#test([mutant.owner]);
      if (passed) return { mutant, verdict: 'survived', killedBy: undefined };
      const killedBy: Killer = {
        test: firstFailure,
        saying: reasonIn(message.replaceAll(`${this.#root}/`, '')),
      };
      this.#remember(key, killedBy);
      return { mutant, verdict: 'killed', killedBy };
    } finally {
      writeFileSync(path, source);
    }
  }

  #makeCopy(): void {
    rmSync(this.#copy, { recursive: true, force: true });
    mkdirSync(this.#copy);
    for (const name of ['src', 'test', 'package.json', 'tsconfig.json']) {
      cpSync(join(this.#root, name), join(this.#copy, name), { recursive: true });
    }
    symlinkSync(join(this.#root, 'node_modules'), join(this.#copy, 'node_modules'));
    writeFileSync(join(this.#copy, 'vitest.config.ts'), CONFIG);
    writeFileSync(join(this.#copy, 'no-shrinking.ts'), SETUP);
  }

  #count(file: string, find: string): number {
    return readFileSync(join(this.#copy, file), 'utf8').split(find).length - 1;
  }

  #test(files: readonly string[]): TestRun {
    const report = join(this.#copy, 'report.json');
    rmSync(report, { force: true });
    const vitest = join(this.#root, 'node_modules', 'vitest', 'vitest.mjs');
    const output = ['--reporter=json', `--outputFile=${report}`];
    const args = [vitest, 'run', '--bail=1', ...output, ...files];
    const { error, status } = spawnSync(process.execPath, args, {
      cwd: this.#copy,
      stdio: 'ignore',
      timeout: PATIENCE_MS * files.length,
      killSignal: 'SIGKILL',
    });
    if (error !== undefined && 'code' in error && error.code !== 'ETIMEDOUT') throw error;
    if (status === 0) return { passed: true, firstFailure: '', message: '' };
    const hang = { firstFailure: 'a hang', message: 'no report was written' };
    return { passed: false, ...(existsSync(report) ? firstFailureIn(report) : hang) };
  }

  /** A fault is the same as long as the sources and the tests are. */
  #keyOf({ file, find, replace, owner }: Mutant): string {
    const hash = createHash('sha256').update(this.#textOfAll());
    return hash.update(JSON.stringify([file, find, replace, owner])).digest('hex');
  }

  #text: string | undefined;

  #textOfAll(): string {
    this.#text ??= execFileSync('find src test -name "*.ts" -type f | sort | xargs cat', {
      cwd: this.#root,
      shell: true,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    return this.#text;
  }

  #remember(key: string, killedBy: Killer): void {
    this.#remembered[key] = killedBy;
    writeFileSync(this.#memory, JSON.stringify(this.#remembered));
  }
}

interface Report {
  readonly testResults: readonly {
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function firstFailureIn(report: string): Omit<TestRun, 'passed'> {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed === undefined) continue;
    return { firstFailure: failed.fullName.trim(), message: failed.failureMessages.join('\n') };
  }
  const message = testResults.map((result) => result.message ?? '').join('\n');
  return { firstFailure: 'an error outside of the tests', message };
}

/** What a failure says, in a line: of the model's the first difference, of others the error. */
function reasonIn(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  const model = lines.findIndex((line) => /contradicts the model:$|does not come:$/.test(line));
  if (model >= 0) return lines[model + 1] ?? '';
  const got = lines.find((line) => line.startsWith('Got '));
  const error = lines.find((line) => line !== '') ?? '';
  return (got ?? error)
    .replace(/^Got /, '')
    .replace(/^\w*Error: /, '')
    .slice(0, MOST_CHARACTERS);
}

const MOST_CHARACTERS = 140;
