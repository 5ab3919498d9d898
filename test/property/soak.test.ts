/** `npm run soak` in both of its modes, for a moment: it ends by itself and nothing is left. */

import { expect, test } from 'vitest';
import { runFixture } from '../helpers/child.ts';

const SCRIPT = '../../scripts/soak.ts';

test('P2 a soak in simulated time ends by itself when its time is over', async () => {
  using child = runFixture(SCRIPT, ['--minutes', '0.02', '--seed', '3']);
  const { code, lines } = await child.end;
  expect(lines.at(-1)).toBe('every invariant held');
  expect(code).toBe(0);
});

test('P2 a soak on the real network ends by itself and leaves nothing', async () => {
  const seed = String(Date.now() % 1_000_000);
  using child = runFixture(SCRIPT, ['--real', '--minutes', '0.04', '--seed', seed]);
  const { code, lines, errors } = await child.end;
  console.info(`soak on the real network, seed ${seed}: ${lines.slice(-3).join('; ')} ${errors}`);
  expect(lines.at(-1)).toBe('every invariant held');
  expect(code).toBe(0);
});
