/** The faults of `npm run mutants` have their place in the sources: a table of faults must not rot. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MUTANTS } from '../../scripts/mutants/all.ts';

const root = join(import.meta.dirname, '..', '..');

test.each(MUTANTS)('$id has its text once in $file, and an owner', ({ file, find, owner }) => {
  expect(readFileSync(join(root, file), 'utf8').split(find).length - 1).toBe(1);
  expect(existsSync(join(root, owner))).toBe(true);
});
