/** The built package, imported: it changes nothing of the process. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFixture } from '../../helpers/child.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let built = '';

// Within the package, so that its dependencies are found from there.
beforeAll(async () => {
  built = await mkdtemp(join(root, 'node_modules/.dist-test-'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', root, '--outDir', built]);
});

afterAll(() => rm(built, { recursive: true, force: true }));

test.each(['untouched', 'chosen'])(
  'I4 importing leaves fetch and the global dispatcher as they were (%s)',
  async (mode) => {
    const url = pathToFileURL(join(built, 'index.js')).href;
    using child = runFixture('import-built.ts', [url, mode]);
    expect(await child.end).toEqual({ code: 0, lines: ['end of script'], errors: '' });
  },
);

test('I4 importing does not load the undici that Node has of its own', async () => {
  const url = pathToFileURL(join(built, 'index.js')).href;
  const script = `await import('${url}');
    console.log(process.moduleLoadList.filter((name) => name.includes('undici')).join());`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    script,
  ]);
  expect(stdout).toBe('\n');
});
