/** The young generation of a program that moves bytes, in a process of its own. */

import { beforeAll, describe, expect, test } from 'vitest';
import { runFixture } from '../../helpers/child.ts';

describe('while 64 MiB pass, the young generation', () => {
  let counts: readonly number[] = [];

  beforeAll(async () => {
    using fixture = runFixture('collections.ts', [], ['--max-semi-space-size=64']);
    const { code, lines, errors } = await fixture.end;
    expect(errors).toBe('');
    expect(code).toBe(0);
    counts = lines.map(Number);
  });

  test('is collected every 16 MiB', () => {
    expect(counts[0]).toBeGreaterThanOrEqual(3);
  });

  test('is left alone by a sender that fills the same memory again', () => {
    expect(counts[1]).toBeLessThanOrEqual(1);
  });

  test('is left alone where V8 has made it large', () => {
    expect(counts[2]).toBeLessThanOrEqual(1);
  });
});
