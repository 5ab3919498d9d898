/** The faults of `npm run mutants` have their place in the sources: a table of faults must not rot. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MUTANTS } from '../../scripts/mutants/all.ts';
import { chooseMutants } from '../../scripts/mutants/choose.ts';

const root = join(import.meta.dirname, '..', '..');

test.each(MUTANTS)('$id has its text once in $file, and an owner', ({ file, find, owner }) => {
  expect(readFileSync(join(root, file), 'utf8').split(find).length - 1).toBe(1);
  expect(existsSync(join(root, owner))).toBe(true);
});

test('those that are asked for are run, all where none is, and a part that is in no id is an error', () => {
  const ids = (parts?: readonly string[]) => chooseMutants(MUTANTS, parts).map(({ id }) => id);
  expect(ids()).toHaveLength(MUTANTS.length);
  expect(ids(['never gives up'])).toEqual(['supervisor: never gives up']);
  expect(() => ids(['never gives up', 'no such fault'])).toThrow(
    /--only must be a part of the id of one of \d+ faults, not 'no such fault'/,
  );
});
