/** The examples run as they stand and end by themselves. */

import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const folder = new URL('../../examples/', import.meta.url);
const examples = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'demo.ts');

test.each(examples)('the example %s runs and exits by itself', async (name) => {
  const path = new URL(name, folder).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 20_000 });
  expect(stdout).not.toBe('');
});
