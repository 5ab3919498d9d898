/** The young generation of a program that moves bytes, in a process of its own. */

import { describe, expect, test } from 'vitest';
import { runFixture } from '../../helpers/child.ts';

/** How often it is collected while 256 MiB pass, with halves of so many MiB. */
async function collections(halfMib: number): Promise<Record<'fresh' | 'same' | 'marked', number>> {
  const size = ['min', 'max'].map((end) => `--${end}-semi-space-size=${halfMib}`);
  using fixture = runFixture('collections.ts', [], ['--expose-gc', ...size]);
  const { code, lines, errors } = await fixture.end;
  expect(errors).toBe('');
  expect(code).toBe(0);
  const [fresh = Number.NaN, same = Number.NaN, marked = Number.NaN] = lines.map(Number);
  return { fresh, same, marked };
}

describe('while 256 MiB pass, the young generation', () => {
  test.each([2, 8, 16])('is collected in less than 8 MiB, with halves of %i MiB', async (half) => {
    const { fresh } = await collections(half);
    expect(fresh).toBeGreaterThanOrEqual(32);
    expect(fresh).toBeLessThanOrEqual(48);
  });

  test('is collected less often where it is large', async () => {
    const { fresh } = await collections(64);
    expect(fresh).toBeGreaterThanOrEqual(9);
    expect(fresh).toBeLessThanOrEqual(15);
  });

  test('is left alone where it is larger than V8 makes it by itself', async () => {
    const { fresh } = await collections(128);
    expect(fresh).toBeLessThanOrEqual(1);
  });

  test('is left alone by a sender that fills the same memory again', async () => {
    const { same } = await collections(16);
    expect(same).toBeLessThanOrEqual(1);
  });

  test('is left alone where V8 marks the heap all the same', async () => {
    const { marked } = await collections(16);
    expect(marked).toBeLessThanOrEqual(1);
  });
});
